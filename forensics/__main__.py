"""Run the command line `facetrail` as `python -m forensics`."""

from __future__ import annotations

import sys

from forensics.cli import main

if __name__ == "__main__":
    sys.exit(main())
