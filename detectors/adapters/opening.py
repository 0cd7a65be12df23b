"""Open somebody else's detector by what stands after `--detector`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import cast

from torch import nn

from detectors.errors import CheckpointError
from detectors.methods.adapter import ModuleNetwork, OutputReading, PictureNetwork, Reopen
from detectors.scoring import Detector
from detectors.spec import DetectorSpec

from .onnx_source import OnnxSource
from .python_source import PythonSource
from .served import ServedScorer
from .settings import AdapterSettings, read_settings, split_name

_MODULE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SERVED = re.compile(r"https?:/")


def is_adapter(name: str | Path) -> bool:
    """Return whether a detector's name means one that was made elsewhere: Python, ONNX or served."""
    source, _ = split_name(str(name))
    if _SERVED.match(source):
        return True
    if Path(source).is_dir():
        return False
    python = ".py" in (Path(source).suffix, Path(source.rpartition(":")[0]).suffix)
    return python or source.endswith(".onnx") or _MODULE.fullmatch(source) is not None


def open_adapter(name: str) -> Detector:
    """Open a detector that was made elsewhere.

    Args:
        name: `FILE.py`, `FILE.py:FUNCTION`, `MODULE:FUNCTION`, `FILE.onnx` or `http://ADDRESS`, and after it
            `,key=value` for settings that no TOML file beside it gives.

    Raises:
        CheckpointError: It cannot be opened, or does not state what it must.
    """
    source, said = split_name(name)
    beside = None if _SERVED.match(source) else Path(re.sub(r"(\.py|\.onnx)?(:\w+)?$", "", source) + ".toml")
    settings = read_settings(source, beside, said)
    settings.require(source, beside, "sees", "manipulated")
    if _SERVED.match(source):
        return _served(name, source, settings)
    if source.endswith(".onnx"):
        return _onnx(name, source, settings, beside)
    return _python(name, source, settings, beside)


def _python(name: str, source: str, settings: AdapterSettings, beside: Path | None) -> Detector:
    found = PythonSource(source)
    if isinstance(found.made, nn.Module):
        settings.require(source, beside, "size", "normalise", "output")
        spec = _spec(source, settings, in_network=True)
        network = found.made.eval()
        return Detector(
            spec,
            ModuleNetwork(network, _reading(source, settings), _digest(found.digest, settings), _again(name)).eval(),
        )
    settings = replace(settings, takes=settings.takes or found.takes(), output=settings.output or "probability")
    settings.require(source, beside, "takes", *(("size",) if settings.sees == "face" else ()))
    if settings.takes == "path" and settings.frames > 1:
        raise CheckpointError(f"{source}: a function of one file judges one picture; give frames=1, or takes=pictures")
    scorer = found.score_paths if settings.takes == "path" else found.score_pictures
    digest = _digest(found.digest, settings)
    mapper = None if found.locate is None else found.maps
    network = PictureNetwork(scorer, _reading(source, settings), digest, _again(name), mapper)
    return Detector(_spec(source, settings), network.eval())


def _onnx(name: str, source: str, settings: AdapterSettings, beside: Path | None) -> Detector:
    found = OnnxSource(Path(source))
    if settings.size not in (None, found.size or settings.size):
        raise CheckpointError(f"{source}: takes pictures of {found.size} px, and the settings say size {settings.size}")
    settings = replace(settings, size=settings.size or found.size)
    if found.output == "probabilities":
        settings = replace(settings, output=settings.output or "probability")
    settings.require(source, beside, "size", "output", *(() if found.raw else ("normalise",)))
    network = PictureNetwork(
        found.scorer(*settings.normalisation),
        _reading(source, settings),
        _digest(found.digest, settings),
        _again(name),
    )
    return Detector(_spec(source, settings, in_network=True, raw=True), network.eval())


def _served(name: str, source: str, settings: AdapterSettings) -> Detector:
    settings.require(source, None, "version", *(("size",) if settings.sees == "face" else ()))
    if settings.frames > 1:
        raise CheckpointError(f"{source}: a served detector judges single pictures; give frames=1")
    settings = replace(settings, output=settings.output or "probability")
    scorer = ServedScorer(source, settings.timeout)
    digest = _digest(scorer.digest(settings.version), settings)
    return Detector(
        _spec(source, settings), PictureNetwork(scorer, _reading(source, settings), digest, _again(name)).eval()
    )


def _again(name: str) -> Reopen:
    return _network_of, (name,)


def _network_of(name: str) -> ModuleNetwork | PictureNetwork:
    """Open a detector in another process and return its network."""
    return cast("ModuleNetwork | PictureNetwork", open_adapter(name).model)


def _reading(source: str, settings: AdapterSettings) -> OutputReading:
    return OutputReading(source, settings.output or "probability", settings.manipulated or 0)


def _digest(source: str, settings: AdapterSettings) -> str:
    return hashlib.sha256(f"{source}\n{settings}".encode()).hexdigest()


def _spec(source: str, settings: AdapterSettings, *, in_network: bool = False, raw: bool = False) -> DetectorSpec:
    """Return the spec of a detector; pictures reach functions as 8-bit, and networks normalised."""
    size = settings.size or 0
    if not size and (in_network or settings.sees == "face"):
        raise CheckpointError(f"{source}: size is 0, and only a function of whole frames takes pictures of any size")
    if not size and settings.frames > 1:
        raise CheckpointError(f"{source}: frames of any size are judged one at a time; give a size, or frames=1")
    mean, std = settings.normalisation if in_network and not raw else ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    stem = Path(source.rpartition("/")[2] if _SERVED.match(source) else source.partition(":")[0]).stem
    return DetectorSpec(
        name=settings.name or stem or "served",
        method="adapter",
        backbone="",
        input_size=size,
        mean=mean,
        std=std,
        crop_margin=settings.margin if settings.sees == "face" else 0.0,
        licence="not stated",
        paper="",
        summary=f"made elsewhere: {source}",
        alignment=settings.alignment if settings.sees == "face" else "frame",
        frames=settings.frames,
    )
