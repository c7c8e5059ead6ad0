"""Taxa, their names, and the lists that protect, manage or guard them."""
