"""What somebody else's detector must state, from a TOML file beside it or from its name on the command line."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from detectors.errors import CheckpointError
from detectors.spec import CLIP_MEAN, CLIP_STD, HALF, IMAGENET_MEAN, IMAGENET_STD

NORMALISATIONS: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
    "clip": (CLIP_MEAN, CLIP_STD),
    "half": (HALF, HALF),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Mean and divisor of each channel after scaling to 0–1; `none` leaves values in 0–1."""

MEANINGS: Mapping[str, str] = {
    "sees": "`face` for a square crop of the face, `frame` for the whole frame",
    "size": "side of its square input in pixels; 0 hands a function whole frames as they are",
    "normalise": f"{', '.join(NORMALISATIONS)}; or give mean and std in the TOML file",
    "manipulated": "number of the class of manipulated pictures; of one output, 1 where higher means manipulated, or 0",
    "output": "`probability` or `logit`",
    "takes": "`path` for a function of one file, `pictures` for one of an array (N, S, S, 3) of uint8 RGB",
    "version": "any text; change it whenever the served model changes, so that old scores are not used again",
    "margin": "share of the longer side of the face's box that is added on every side (default: 0.15)",
    "alignment": "`upright` or `five_point` (default: upright)",
    "frames": "number of consecutive pictures that it judges together (default: 1)",
    "name": "name in reports (default: that of the file)",
    "timeout": "seconds that a served detector may take for one answer (default: 30)",
    "mean": "three numbers, in the TOML file",
    "std": "three numbers, in the TOML file",
}
"""What each setting says, for messages and documentation."""

_CHOICES: Mapping[str, Sequence[str]] = {
    "sees": ("face", "frame"),
    "normalise": tuple(NORMALISATIONS),
    "output": ("probability", "logit"),
    "takes": ("path", "pictures"),
    "alignment": ("upright", "five_point"),
}
_LARGEST = 4096
_PARTS = re.compile(r",(?=[a-z_]+=)")


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """The settings as far as they were given; None where nothing was said. `MEANINGS` explains each."""

    sees: Literal["face", "frame"] | None = None
    size: int | None = None
    normalise: str | None = None
    manipulated: int | None = None
    output: Literal["probability", "logit"] | None = None
    takes: Literal["path", "pictures"] | None = None
    version: str = ""
    margin: float = 0.15
    alignment: Literal["upright", "five_point"] = "upright"
    frames: int = 1
    name: str = ""
    timeout: float = 30.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def require(self, source: str, beside: Path | None, *names: str) -> None:
        """Check that some settings were given.

        Args:
            source: The detector.
            beside: The TOML file beside it; None where there is no place for one.
            names: The settings.

        Raises:
            CheckpointError: One was not given; the message says what each means and where to write it.
        """
        missing = [name for name in names if getattr(self, name) in (None, "")]
        if "normalise" in missing and self.mean is not None and self.std is not None:
            missing.remove("normalise")
        if not missing:
            return
        told = "; ".join(f"{name}: {MEANINGS[name]}" for name in missing)
        example = ",".join(f"{name}=…" for name in missing)
        where = f"write it into {beside}, or " if beside is not None else ""
        raise CheckpointError(
            f"{source}: does not say {', '.join(missing)}; {where}give --detector {source},{example} ({told})"
        )

    @property
    def normalisation(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Return mean and divisor of each channel; those of `none` where nothing was said."""
        if self.mean is not None and self.std is not None:
            return _three(self.mean), _three(self.std)
        return NORMALISATIONS[self.normalise or "none"]


def split_name(text: str) -> tuple[str, dict[str, str]]:
    """Split `SOURCE,key=value,…` into the source and what is said after it."""
    source, *said = _PARTS.split(text)
    return source, dict(part.split("=", 1) for part in said)


def read_settings(source: str, beside: Path | None, said: Mapping[str, str]) -> AdapterSettings:
    """Read the settings of a detector.

    Args:
        source: The detector, for messages.
        beside: A TOML file that is read where it exists.
        said: Settings from the command line, which win.

    Raises:
        CheckpointError: The file is no TOML, a setting is unknown, or a value is of another type or out of range.
    """
    values: dict[str, Any] = {}
    if beside is not None and beside.is_file():
        try:
            values = tomllib.loads(beside.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{beside}: cannot be read as TOML ({error})") from error
    where = {name: str(beside) for name in values} | dict.fromkeys(said, f"--detector {source}")
    values |= {name: _number(text) for name, text in said.items()}
    known = {entry.name for entry in fields(AdapterSettings)}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or sorted(known)
            raise CheckpointError(f"{where[name]}: {name!r} is no setting of a detector; nearest: {', '.join(near)}")
        values[name] = _checked(name, values[name], where[name])
    settings = AdapterSettings(**values)
    if (settings.mean is None) != (settings.std is None):
        raise CheckpointError(f"{beside}: mean and std belong together; give both")
    return settings


def _number(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _checked(name: str, value: Any, where: str) -> Any:  # noqa: ANN401  # whatever a TOML file may hold
    """Return a setting's value.

    Raises:
        CheckpointError: It is of another type or out of range.
    """
    good: bool
    if name in _CHOICES:
        good = value in _CHOICES[name]
    elif name in ("size", "manipulated", "frames"):
        least = 1 if name == "frames" else 0
        good = isinstance(value, int) and not isinstance(value, bool) and least <= value <= _LARGEST
    elif name in ("margin", "timeout"):
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        good = good and (0 <= value <= 4 if name == "margin" else 0 < value <= 3600)
    elif name in ("mean", "std"):
        good = isinstance(value, list) and len(value) == 3 and all(isinstance(one, int | float) for one in value)
        good = good and (name == "mean" or all(one > 0 for one in value))
        value = tuple(float(one) for one in value) if good else value
    else:
        value = str(value)
        good = 0 < len(value) <= 200 and value.isprintable()
    if not good:
        raise CheckpointError(f"{where}: {name} = {value!r} is not possible; {name}: {MEANINGS[name]}")
    return value


def _three(values: tuple[float, ...]) -> tuple[float, float, float]:
    first, second, third = values
    return first, second, third
