"""Represent one network of a published file, and compare it with ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from generator.errors import WeightsError

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of a part's tensors, by our names."""


@dataclass(frozen=True, slots=True)
class Part:
    """A network under our names; the values are still on disk.

    Attributes:
        path: The file of the tensors.
        layout: Layout that the file was recognised as.
        tensors: Tensors by our names; a tensor without a counterpart in our network keeps its own name.
        ignored: Names of the tensors left out on purpose, by reason.
        notes: Remarks for the report.
    """

    path: Path
    layout: str
    tensors: Mapping[str, Tensor]
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filling:
    """Tensors that a file may lack, all of them or none.

    Attributes:
        tensors: Their replacements.
        origin: Origin of the replacements, for the report.
    """

    tensors: Mapping[str, Tensor]
    origin: str


@dataclass(frozen=True, slots=True)
class PartReport:
    """The import result of one part.

    Attributes:
        part: Our name of the part.
        path: The file; None for a part that starts untrained.
        layout: Layout that the file was recognised as.
        expected: Number of tensors of our network.
        matched: Number of them found in the file.
        missing: Our names that the file lacks.
        unexpected: Names in the file without a counterpart in our network.
        misshapen: Tensors of another shape, as "name has shape (a,), expected (b,)".
        not_finite: Tensors that contain NaN or infinity, also after the change to the stored precision.
        ignored: Number of tensors left out on purpose, by reason.
        filled: Number of tensors from elsewhere, by origin.
        notes: Remarks for the report.
    """

    part: str
    path: Path | None
    layout: str
    expected: int
    matched: int = 0
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshapen: tuple[str, ...] = ()
    not_finite: tuple[str, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Return whether the part may be used."""
        return not (self.missing or self.unexpected or self.misshapen or self.not_finite)

    @property
    def untrained(self) -> bool:
        """Return whether no tensor of it comes from a file."""
        return self.path is None

    def faults(self) -> str:
        """Describe in one line what is wrong, with the first name of each kind; return "" where nothing is wrong."""
        kinds = (
            (self.missing, "missing"),
            (self.unexpected, "unexpected"),
            (self.misshapen, "of another shape"),
            (self.not_finite, "not finite"),
        )
        return ", ".join(f"{len(names)} tensors {kind} (first: {names[0]})" for names, kind in kinds if names)

    def line(self) -> str:
        """Describe in one line the import result of the part."""
        said = [f"{self.matched} of {self.expected} tensors from {self.path} ({self.layout})"] if self.path else []
        said += [f"{count} {origin}" for origin, count in self.filled.items()]
        said += [f"{count} left out: {reason}" for reason, count in self.ignored.items()]
        said += [self.faults()] if not self.sound else []
        return f"{self.part}: " + "; ".join([*said, *self.notes])


class ImportRefusedError(WeightsError):
    """Published files do not fit the model.

    Attributes:
        reports: Matched, missing, unexpected and misshapen tensors, one report for each part.
    """

    def __init__(self, message: str, reports: tuple[PartReport, ...]) -> None:
        super().__init__(message)
        self.reports = reports


def compare(
    name: str, part: Part, expected: Shapes, fillings: Sequence[Filling] = ()
) -> tuple[dict[str, Tensor], PartReport]:
    """Compare a part with our network, and complete it.

    Args:
        name: Our name of the part.
        part: The network that was read.
        expected: Our names and shapes.
        fillings: Tensors that the file may lack; a filling that the file contains in part counts as missing.

    Returns:
        The tensors that fit, by our names, and the report.
    """
    tensors = {key: value for key, value in part.tensors.items() if tuple(value.shape) == expected.get(key)}
    filled = {}
    for filling in fillings:
        fitting = {key: value for key, value in filling.tensors.items() if tuple(value.shape) == expected.get(key)}
        if fitting and not any(key in part.tensors for key in filling.tensors):
            tensors |= fitting
            filled[filling.origin] = len(fitting)
    report = PartReport(
        part=name,
        path=part.path,
        layout=part.layout,
        expected=len(expected),
        matched=len(tensors) - sum(filled.values()),
        missing=tuple(key for key in expected if key not in tensors and key not in part.tensors),
        unexpected=tuple(key for key in part.tensors if key not in expected),
        misshapen=tuple(
            f"{key} has shape {tuple(value.shape)}, expected {expected[key]}"
            for key, value in part.tensors.items()
            if key in expected and key not in tensors
        ),
        ignored={reason: len(names) for reason, names in part.ignored.items() if names},
        filled=filled,
        notes=part.notes,
    )
    return tensors, report


def fresh(name: str, tensors: Mapping[str, Tensor]) -> PartReport:
    """Report on a part that starts as in a fresh model."""
    origin = "tensors untrained, as in a fresh model"
    return PartReport(name, None, "untrained", len(tensors), filled={origin: len(tensors)})


def with_not_finite(report: PartReport, file: str, names: Sequence[str]) -> PartReport:
    """Add the tensors of a weight file that contain NaN or infinity to the report of their part."""
    inner = report.part.removeprefix(file)
    if inner == report.part:
        return report
    own = [name for name in names if not inner or name.startswith(f"{inner[1:]}.")]
    return replace(report, not_finite=tuple(own))
