"""Read published data sets as they lie on disk; one layout, one file.

Written from the data sets' own descriptions. A layout lists, and opens nothing: `corpus.importing` does the rest.
"""

from __future__ import annotations

from .listing import Entry, Layout, Listing
from .registry import AUTO, LAYOUTS, find_layout

__all__ = ["AUTO", "LAYOUTS", "Entry", "Layout", "Listing", "find_layout"]
