"""Where Android starts the app; on a computer, `xiangye field` does the same."""

import sys

from mobile.cli import run

if __name__ == "__main__":
    sys.exit(run("field", sys.argv[1:]))
