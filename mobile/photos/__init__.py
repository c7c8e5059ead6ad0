"""Photos: what the file says of itself, and the untouched original on the tablet."""
