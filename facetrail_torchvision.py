"""Let a CUDA-linked torchvision import beside a CPU build of torch.

torchvision's wheel links the CUDA libraries of torch. Beside a CPU build its compiled part does not load, and
`import torchvision` stops at `operator torchvision::nms does not exist`, which takes timm and diffusers down with it.
Neither of them calls those operators on our path; declaring their schemas is enough for the import.

This is the one module outside the four rooms: `detectors` and `generator` both need it and may not import each other.
Both call it as their first act, so importing either room alone is enough.
"""

from __future__ import annotations

import importlib.util
import sys

_KEPT_ALIVE: list[object] = []


def declare_missing_operators() -> bool:
    """Make `import torchvision` work beside a CPU build of torch; do nothing where torchvision is absent or sound.

    Returns:
        True where the operators had to be declared.
    """
    if "torchvision" in sys.modules or importlib.util.find_spec("torchvision") is None:
        return False
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return False
    import torch

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEPT_ALIVE.append(library)
    import torchvision  # noqa: F401

    return True
