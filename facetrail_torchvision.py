"""Make torchvision and timm importable beside a CPU build of torch, and in half the time.

torchvision's wheel links the CUDA libraries of torch. Beside a CPU build its compiled part does not load, and `import
torchvision` fails with `operator torchvision::nms does not exist`, so timm and diffusers cannot be imported either.
Neither of them calls those operators in this project; declaring their schemas is enough for the import.

Both packages also import torch's compiler, which takes over a second and 70 MB, for one decorator and one question that
matter only to compiled networks. While they are imported, a stand-in answers for it.

This module lies outside the four packages, because `detectors` and `generator` both need it and may not import each
other. Both call it first, so importing either package alone is enough. Neither torch nor torchvision is imported until
somebody imports torchvision or timm, because that takes seconds and most commands do not need it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_KEPT_ALIVE: list[object] = []
_PREPARED = ("torchvision", "timm")
_COMPILER = ("torch._dynamo", "torch._dynamo.utils")


def prepare_imports() -> None:
    """Have torchvision and timm imported as this module describes, whoever imports them first."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


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


class _Finder(MetaPathFinder):
    """Find the two packages where they are, and prepare what they need before they run."""

    def __init__(self) -> None:
        self._looking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return the usual spec of one of the two packages with a loader that prepares; None for all others."""
        if fullname not in _PREPARED or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _PreparingLoader(spec.loader)
        return spec


class _PreparingLoader(Loader):
    """Load a package while the compiler is left out; everything else is up to its own loader."""

    def __init__(self, usual: Loader) -> None:
        self._usual = usual

    def __getattr__(self, name: str) -> object:
        return getattr(self._usual, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the usual loader makes, once all operators are known."""
        declare_missing_operators()
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the package."""
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._usual
        with _compiler_left_out():
            self._usual.exec_module(module)


@contextmanager
def _compiler_left_out() -> Iterator[None]:
    """Have a stand-in answer for torch's compiler until the block ends, unless it is loaded already."""
    if any(name in sys.modules for name in _COMPILER):
        yield
        return
    sys.modules.update({name: _StandIn(name) for name in _COMPILER})
    try:
        yield
    finally:
        _remove_stand_ins()


def _remove_stand_ins() -> None:
    for name in _COMPILER:
        if isinstance(sys.modules.get(name), _StandIn):
            del sys.modules[name]


class _StandIn(ModuleType):
    """A module of the compiler that answers two questions; any other one loads the compiler."""

    @staticmethod
    def disable(function: Callable[..., object], *_: object, **__: object) -> Callable[..., object]:
        """Return a function as it is: compiled code would call it as ordinary Python."""
        return function

    @staticmethod
    def is_compile_supported(device: str) -> bool:
        """Return what the compiler says, which is loaded for it."""
        _remove_stand_ins()
        return bool(import_module("torch._dynamo.utils").is_compile_supported(device))

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        _remove_stand_ins()
        return getattr(import_module(self.__name__), name)
