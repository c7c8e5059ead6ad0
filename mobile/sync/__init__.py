"""The tablet's side of sync protocol 1."""
