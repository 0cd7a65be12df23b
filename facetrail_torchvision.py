"""Let a CUDA-linked torchvision import beside a CPU build of torch.

torchvision's wheel links the CUDA libraries of torch. Beside a CPU build its compiled part does not load, and
`import torchvision` stops at `operator torchvision::nms does not exist`, which takes timm and diffusers down with it.
Neither of them calls those operators on our path; declaring their schemas is enough for the import.

This is the one module outside the four rooms: `detectors` and `generator` both need it and may not import each other.
Both call it as their first act, so importing either room alone is enough. torchvision itself is not imported here; it
takes seconds, and most commands do without.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

_KEPT_ALIVE: list[object] = []


def declare_missing_operators() -> bool:
    """Make `import torchvision` work beside a CPU build of torch; do nothing where torchvision is absent or sound.

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
