"""What the tablet and the server agree on: standard library and marshmallow only."""

__version__ = "0.1.0"
