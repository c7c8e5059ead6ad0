"""What the app needs of a tablet, behind ports; `desktop_*` answer them on a computer."""
