"""State machines of the field forms, without widgets: they fill a draft, and close it into wire records."""
