"""The tablet's own database and files: what is confirmed here cannot be lost."""
