"""`python -m function`: the tagger on the command line."""

import sys

from function.cli import main

if __name__ == "__main__":
    sys.exit(main())
