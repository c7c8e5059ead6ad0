"""Getting what a tablet holds to the province by hand, also where the app itself does not start any more."""
