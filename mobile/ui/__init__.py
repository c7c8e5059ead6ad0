"""The window: views that bind Kivy widgets to presenters. They hold no logic; nothing outside this folder imports kivy."""
