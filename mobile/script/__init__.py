"""A field day as a JSON script."""
