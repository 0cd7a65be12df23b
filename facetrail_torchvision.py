"""Make a CUDA-linked torchvision importable beside a CPU build of torch.

torchvision's wheel links the CUDA libraries of torch. Beside a CPU build its compiled part does not load, and `import
torchvision` fails with `operator torchvision::nms does not exist`, so timm and diffusers cannot be imported either.
Neither of them calls those operators in this project; declaring their schemas is enough for the import.

This module lies outside the four packages, because `detectors` and `generator` both need it and may not import each
other. Both call it first, so importing either package alone is enough. Neither torch nor torchvision is imported until
somebody imports torchvision, because that takes seconds and most commands do not need it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_KEPT_ALIVE: list[object] = []


class _BeforeTorchvision(MetaPathFinder):
    """Declare missing operators when somebody looks for torchvision for the first time; find nothing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return None, so that the usual finders go on; what is missing has been declared then."""
        if fullname == "torchvision":
            with suppress(ValueError):
                sys.meta_path.remove(self)
            declare_missing_operators()
        return None


def declare_operators_at_import() -> None:
    """Have the missing operators declared just before torchvision is imported, whoever imports it."""
    if not any(isinstance(finder, _BeforeTorchvision) for finder in sys.meta_path):
        sys.meta_path.insert(0, _BeforeTorchvision())


def declare_missing_operators() -> bool:
    """Make `import torchvision` work beside a CPU build of torch; do nothing where it is absent or complete.

    Returns:
        True where the operators had to be declared.
    """
    spec = None if _KEPT_ALIVE or "torchvision" in sys.modules else importlib.util.find_spec("torchvision")
    if _KEPT_ALIVE or spec is None or spec.origin is None:
        return bool(_KEPT_ALIVE)
    import torch

    for compiled in Path(spec.origin).parent.glob("_C.*"):
        with suppress(OSError):
            torch.ops.load_library(compiled)
    if hasattr(torch.ops.torchvision, "nms"):
        return False
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEPT_ALIVE.append(library)
    return True
