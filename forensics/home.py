"""Where this installation keeps its identity, mark key and manifest store."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "FACETRAIL_HOME"


def home_folder(given: Path | None) -> Path:
    """Name the folder without making it.

    Args:
        given: What the user asked for, None for the default.
    """
    return given or Path(os.environ.get(HOME_VARIABLE) or platformdirs.user_config_dir("facetrail"))
