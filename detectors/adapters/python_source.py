"""Open a detector that is Python code: a file with `predict`, or a function that builds one.

The code is run, as any program that its user names. Its folder is added to the end of Python's search path, so that it
can import what lies beside it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from detectors.errors import CheckpointError, DetectorError

_LOG = logging.getLogger(__name__)
_PATHS = ("path", "file", "filename", "file_path", "image_path", "img_path")
_PICTURES = ("pictures", "picture", "crops", "images", "frames", "batch", "x")
Pictures = NDArray[np.uint8]


class PythonSource:
    """Python code that is a detector.

    Attributes:
        source: As it was named.
        path: Its file.
        made: The function that scores, or the network.
        locate: A function of pictures (N, S, S, 3) that returns maps (N, H, W); None without one.
    """

    def __init__(self, source: str) -> None:
        """Import it, and call what builds it.

        Args:
            source: `FILE.py`, `FILE.py:FUNCTION` or `MODULE:FUNCTION`.

        Raises:
            CheckpointError: It is not there, fails while it is imported or built, or has no `predict`.
        """
        self.source = source
        place, _, function = source.partition(":")
        module = _run(source, lambda: _import(place))
        self.path = Path(module.__file__ or place)
        self.made: Callable[..., Any] | nn.Module
        if function:
            build = getattr(module, function, None)
            if not callable(build):
                raise CheckpointError(f"{source}: {self.path} has no function {function!r}")
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)  # every process that opens it gets the same network
                self.made = _run(source, build)
        else:
            self.made = getattr(module, "predict", None)  # type: ignore[assignment]  # judged below
        if not callable(self.made):
            wanted = "return a network or a function" if function else "define predict(path) or predict(pictures)"
            raise CheckpointError(f"{source}: it has to {wanted}")
        found = getattr(module, "locate", None)
        self.locate: Callable[..., Any] | None = found if callable(found) else None

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of its file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def takes(self) -> Literal["path", "pictures"] | None:
        """Return what the function takes, by the name or annotation of its first parameter; None where unclear."""
        try:
            first = next(iter(inspect.signature(self.made).parameters.values()))
        except (TypeError, ValueError, StopIteration):
            return None
        hint = getattr(first.annotation, "__name__", str(first.annotation))
        if first.name in _PATHS or hint in ("Path", "str"):
            return "path"
        return "pictures" if first.name in _PICTURES or "ndarray" in hint.lower() else None

    def score_paths(self, pictures: Pictures) -> NDArray[np.float64]:
        """Write each picture as PNG and return what the function says of the file.

        Raises:
            DetectorError: The function fails, or returns something else than numbers.
        """
        with tempfile.TemporaryDirectory() as folder:
            outputs = []
            for number, picture in enumerate(pictures):
                path = Path(folder) / f"{number:04d}.png"
                written, content = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))  # OpenCV has BGR
                if not written:
                    raise DetectorError(f"{self.source}: a picture of {picture.shape} cannot be written as PNG")
                path.write_bytes(content.tobytes())
                outputs.append(self._ask(self.made, path))
        return self._numbers(outputs)

    def score_pictures(self, pictures: Pictures) -> NDArray[np.float64]:
        """Return what the function says of an array of pictures; frames of their own size come one at a time.

        Raises:
            DetectorError: The function fails, or returns something else than numbers.
        """
        if pictures.dtype != object:
            return self._numbers(self._ask(self.made, pictures))
        return np.concatenate([self._numbers(self._ask(self.made, picture[None])) for picture in pictures])

    def maps(self, pictures: Pictures) -> Sequence[NDArray[np.float64]]:
        """Return the map of each picture, as `locate` gives it; frames of their own size come one at a time.

        Raises:
            DetectorError: There is no `locate`, it fails, or it returns something else than one map a picture.
        """
        if self.locate is None:
            raise DetectorError(f"{self.source}: has no function locate(pictures)")
        if pictures.dtype == object:
            return [self._maps(self.locate, picture[None])[0] for picture in pictures]
        return list(self._maps(self.locate, pictures))

    def _maps(self, locate: Callable[..., Any], pictures: Pictures) -> NDArray[np.float64]:
        found = self._numbers(self._ask(locate, pictures))
        if found.ndim != 3 or len(found) != len(pictures) or not np.isfinite(found).all():
            raise DetectorError(
                f"{self.source}: locate returned {found.shape} for {len(pictures)} pictures; expected finite numbers "
                f"({len(pictures)}, height, width)"
            )
        return found

    def _ask(self, function: Callable[..., Any], given: object) -> object:
        try:
            return function(given)
        except Exception as error:
            what = f"{given}" if isinstance(given, Path) else f"pictures of shape {getattr(given, 'shape', '')}"
            _LOG.debug("%s failed", self.source, exc_info=True)
            raise DetectorError(f"{self.source}: failed on {what}: {_told(error)}") from error

    def _numbers(self, outputs: object) -> NDArray[np.float64]:
        if isinstance(outputs, torch.Tensor):
            outputs = outputs.detach().cpu().numpy()
        try:
            return np.asarray(outputs, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DetectorError(f"{self.source}: returned {type(outputs).__name__}, expected numbers") from error


def _import(place: str) -> ModuleType:
    path = Path(place)
    folder = str(path.absolute().parent if path.suffix == ".py" else Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    if path.suffix != ".py":
        return importlib.import_module(place)
    name = f"facetrail_own_{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _run(source: str, step: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever the user's code returns
    """Run code of the user.

    Raises:
        CheckpointError: It raises an error or ends the program.
    """
    try:
        return step()
    except (Exception, SystemExit) as error:
        _LOG.debug("%s cannot be opened", source, exc_info=True)
        raise CheckpointError(f"{source}: cannot be opened: {_told(error)}") from error


def _told(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
