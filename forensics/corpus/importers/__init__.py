"""Read published data sets as they lie on disk, with one layout per file.

The importers are written from the data sets' own descriptions. A layout lists files and opens none; `import_corpus`
does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .deepfakebench import DEEPFAKEBENCH_METHODS
    from .faceforensics import ACTED, COMPRESSIONS, FACEFORENSICS_METHODS
    from .importing import import_corpus
    from .listing import Entry
    from .names import actor_people, celeb_people, youtube_people
    from .official_splits import Rule, divide_people
    from .registry import LAYOUTS, find_layout
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "ACTED",
    "COMPRESSIONS",
    "DEEPFAKEBENCH_METHODS",
    "FACEFORENSICS_METHODS",
    "LAYOUTS",
    "Entry",
    "Rule",
    "actor_people",
    "celeb_people",
    "divide_people",
    "find_layout",
    "import_corpus",
    "youtube_people",
]
