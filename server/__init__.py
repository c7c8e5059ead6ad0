"""The server: receives, guards, verifies and compiles."""
