"""The province's side of stations: which there are, which tablets they may take in, what they are told of custody."""
