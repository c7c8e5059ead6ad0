"""The field app: everything but `ui/` runs without a window."""
