"""Register all layouts, and find one by name or by the look of a folder."""

from __future__ import annotations

from pathlib import Path

from forensics.errors import CorpusError, InputError, did_you_mean

from .av_deepfake1m import AV_DEEPFAKE1M
from .celeb_df import CELEB_DF
from .deeper_forensics import DEEPER_FORENSICS
from .deepfakebench import DEEPFAKEBENCH
from .df40 import DF40
from .dfdc import DFDC, PREVIEW
from .faceforensics import ACTORS, FACEFORENSICS
from .ffiw import FFIW
from .labelled_folders import LABELLED_FOLDERS
from .lav_df import LAV_DF
from .listing import Layout
from .wild_deepfake import WILD_DEEPFAKE

LAYOUTS: tuple[Layout, ...] = (
    DEEPFAKEBENCH,
    FACEFORENSICS,
    ACTORS,
    *CELEB_DF,
    LAV_DF,
    AV_DEEPFAKE1M,
    PREVIEW,
    DFDC,
    DEEPER_FORENSICS,
    FFIW,
    WILD_DEEPFAKE,
    DF40,
    LABELLED_FOLDERS,
)
"""All layouts, in the order in which a folder is compared with them."""

AUTO = "auto"


def find_layout(name: str, folder: Path) -> Layout:
    """Return the layout of a name; `auto` returns the first that the folder looks like.

    Args:
        name: A layout's name, or `auto`.
        folder: The folder to import.

    Raises:
        InputError: There is no layout of that name; the message offers the nearest.
        CorpusError: The folder is missing, or looks like none of them.
    """
    names = [layout.name for layout in LAYOUTS]
    if name not in (AUTO, *names):
        meant = did_you_mean(name, names)
        raise InputError(f"no layout {name!r}{meant and f'; {meant}'} There are: auto, {', '.join(names)}")
    if not folder.exists():
        raise CorpusError(f"{folder}: there is no such folder; check the path", folder)
    for layout in LAYOUTS:
        if layout.name == name or (name == AUTO and layout.fits(folder)):
            return layout
    raise CorpusError(f"{folder} looks like none of the known layouts; name one of {', '.join(names)}", folder)
