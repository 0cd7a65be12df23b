"""Everything a report shows, as plain values: what fills them may be a demo, an evaluation or a test."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import ReportError
from ..records import read_record

RESULTS = "results.json"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured number with its interval.

    Attributes:
        value: The number.
        low: Lower end of the 95 % interval, None where too few identities allow none.
        high: Upper end.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One of the few numbers on top of the page.

    Attributes:
        label: What it is, in a few words.
        value: The number as text.
        note: Its interval or context.
    """

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or clip that is embedded into the page.

    Attributes:
        path: The file, relative to the results folder.
        alt: What it shows, for those who do not see it.
    """

    path: str
    alt: str


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """One forgery from source to output.

    Attributes:
        caption: One line about it.
        source: Whose look it is.
        drive: Whose motion it is.
        snapshot: The condition the generator saw.
        output: What the generator made, as sealed file.
        truth: What it should have made, where that is known.
    """

    caption: str
    source: Media
    drive: Media
    snapshot: Media | None
    output: Media
    truth: Media | None


@dataclass(frozen=True, slots=True)
class RocCurve:
    """A ROC curve with a band.

    Attributes:
        name: Of the detector, as in the legend.
        fpr: False positive rates, rising from 0 to 1.
        tpr: True positive rate at each.
        low: Lower end of the band at each.
        high: Upper end of the band at each.
        auc: Area under it.
    """

    name: str
    fpr: tuple[float, ...]
    tpr: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    auc: Estimate


@dataclass(frozen=True, slots=True)
class Histogram:
    """Scores of one detector, by class.

    Attributes:
        name: Of the detector.
        genuine: Scores of genuine samples.
        forged: Scores of forged samples.
    """

    name: str
    genuine: tuple[float, ...]
    forged: tuple[float, ...]

    @property
    def by_class(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The scores of the genuine and of the forged samples."""
        return self.genuine, self.forged


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A distortion's row of the robustness map.

    Attributes:
        distortion: Its name.
        severities: What each level means, mildest first.
        values: AUC at each level.
    """

    distortion: str
    severities: tuple[str, ...]
    values: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A detector's robustness.

    Attributes:
        name: Of the detector.
        clean: AUC without distortion.
        rows: One for each distortion.
    """

    name: str
    clean: Estimate
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True)
class ControlRow:
    """How a detector's scores move when genuine samples are marked.

    Attributes:
        detector: Its name.
        pairs: Number of genuine samples scored with and without the control mark.
        plain: Mean score without mark.
        marked: Mean score with control mark.
        shift: Mean difference, marked minus plain.
        auc: AUC of forged against control samples, where both classes carry a mark.
        verdict: One sentence on what that means.
    """

    detector: str
    pairs: int
    plain: float
    marked: float
    shift: Estimate
    auc: Estimate
    verdict: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table of measures.

    Attributes:
        name: For instance `AUC`.
        level: `video` or `frame`.
        estimates: The number of each detector.
        n_positive: Forged units behind it.
        n_negative: Genuine units behind it.
    """

    name: str
    level: str
    estimates: tuple[Estimate, ...]
    n_positive: int
    n_negative: int


@dataclass(frozen=True, slots=True)
class ProvenanceRow:
    """What an output says about itself when read back.

    Attributes:
        file: Its path.
        sha256: Of the file, hex.
        mark_id: Twelve hex digits, None where no mark was read.
        kind: Of the mark, `generated` or `control`.
        state: Of the credential.
        as_sealed: Whether mark and credential are the ones it was sealed with.
    """

    file: str
    sha256: str
    mark_id: str | None
    kind: str | None
    state: str
    as_sealed: bool


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage took.

    Attributes:
        name: Of the stage.
        seconds: Wall time.
    """

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How to get the same numbers again.

    Attributes:
        command: The command line.
        seed: The seed.
        versions: Name and version of what was installed.
        machine: Processor count and system, in words.
    """

    command: str
    seed: int
    versions: tuple[tuple[str, str], ...]
    machine: str


@dataclass(frozen=True, slots=True)
class ReportContents:
    """A whole report; empty parts are left out of the page.

    Attributes:
        title: Headline.
        summary: One paragraph.
        created: Date, ISO 8601.
        key_numbers: The few numbers on top.
        gallery: Forgeries from source to output.
        curves: ROC curves, the one before retraining first.
        histograms: Scores by class.
        detectors: Short names of the detectors, in the order of all series.
        measures: The table behind the charts.
        robustness: One map for each detector.
        control: The control slice.
        provenance: What every output says about itself.
        stages: Time of each stage.
        reproduction: How to do it again.
    """

    title: str
    summary: str
    created: str
    key_numbers: tuple[KeyNumber, ...]
    gallery: tuple[GalleryRow, ...]
    curves: tuple[RocCurve, ...]
    histograms: tuple[Histogram, ...]
    detectors: tuple[str, ...]
    measures: tuple[Measure, ...]
    robustness: tuple[HeatMap, ...]
    control: tuple[ControlRow, ...]
    provenance: tuple[ProvenanceRow, ...]
    stages: tuple[StageTime, ...]
    reproduction: Reproduction

    def save(self, folder: Path) -> Path:
        """Write the contents as `results.json`.

        Args:
            folder: The results folder, to which media paths are relative.

        Returns:
            The file.
        """
        path = folder / RESULTS
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
        return path

    @classmethod
    def load(cls, folder: Path) -> ReportContents:
        """Read the contents of a results folder.

        Args:
            folder: Where `results.json` lies.

        Raises:
            ReportError: There is none, or it is not one of ours.
        """
        path = folder / RESULTS
        if not path.is_file():
            raise ReportError(f"{folder} holds no {RESULTS}; name a folder that `facetrail demo` wrote", folder)
        try:
            return read_record(cls, json.loads(path.read_text("utf-8")), RESULTS)
        except ValueError as error:
            raise ReportError(f"{path} is not a result of this version: {error}", path) from error
