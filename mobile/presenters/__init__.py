"""One presenter per screen: plain Python that a window binds to and that the scripted day drives. Never imports kivy."""
