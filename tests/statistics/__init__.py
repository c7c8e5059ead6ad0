# ruff: noqa: A005 (never on sys.path by itself)
