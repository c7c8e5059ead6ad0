"""The species pack on the tablet and the search in it."""
