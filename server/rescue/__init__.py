"""Rescue files of tablets, taken in by hand."""
