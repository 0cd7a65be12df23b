"""`python -m forensics` is `facetrail`."""

from __future__ import annotations

import sys

from forensics.cli import main

if __name__ == "__main__":
    sys.exit(main())
