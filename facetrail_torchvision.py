"""Make a CUDA-linked torchvision importable beside a CPU build of torch.

torchvision's wheel links the CUDA libraries of torch. Beside a CPU build its compiled part does not load, and `import
torchvision` fails with `operator torchvision::nms does not exist`, so timm and diffusers cannot be imported either.
Neither of them calls those operators in this project; declaring their schemas is enough for the import.

This is the only module outside the four packages: `detectors` and `generator` both need it and may not import each
other. Both call it first, so importing either package alone is enough. torchvision itself is not imported here, because
that takes seconds and most commands do not need it.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

_KEPT_ALIVE: list[object] = []


def declare_missing_operators() -> bool:
    """Make `import torchvision` work beside a CPU build of torch; do nothing where it is absent or complete.

    Returns:
        True where the operators had to be declared.
    """
    spec = importlib.util.find_spec("torchvision")
    if _KEPT_ALIVE or "torchvision" in sys.modules or spec is None or spec.origin is None:
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
