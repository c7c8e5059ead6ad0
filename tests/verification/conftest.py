from tests.commands import here

__all__ = ["here"]
