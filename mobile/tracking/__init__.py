"""Tracks: which fixes count, where the track is broken, how long it is."""
