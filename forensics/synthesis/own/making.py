"""Make a corpus of a user's own files; an interrupted run continues where it stopped."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from forensics.corpus import Corpus, Label, Sample, Slice, Split, write_manifest, write_places
from forensics.errors import CorpusError, ForensicsError, InputError
from forensics.execution.progress import Report, silent, subrange
from forensics.execution.workers import SERIAL, Work, WorkerConfig, open_pool
from forensics.storage.files import append_line, locked, write_whole
from forensics.synthesis.generator_forger import GeneratorForger
from forensics.synthesis.journal import JOURNAL, is_whole, keep_recipe, made_before
from forensics.synthesis.methods import GENERATED, OWN_METHODS
from generator import GeneratorError
from generator.trackers import Tracker, load_tracker
from watermark import Deployment, WatermarkError, file_hash

from .dealing import CONTROL, Missing, Planned, deal_people, plan_forgeries
from .forging import Made, Workshop, forge
from .inventory import OwnFile
from .reading import Limits, Opened, open_file
from .receipt import Line, write_receipt

_LOG = logging.getLogger(__name__)

STATEMENT = "may-use.txt"
_TRACKING_ENDS = 0.15
USUAL = Limits(16, 384)


@dataclass(frozen=True, slots=True)
class OwnConfig:
    """What is made of a user's files.

    Attributes:
        methods: Names of the forgeries, of `OWN_METHODS`.
        pairs: Drives of other people for each source and method.
        seed: Seed of splits, pairs and forgeries.
        limits: How much of each file is used.
        copied: Whether the genuine files are copied into the corpus; they stay where they are otherwise.
    """

    methods: tuple[str, ...] = tuple(OWN_METHODS)
    pairs: int = 1
    seed: int = 0
    limits: Limits = USUAL
    copied: bool = False

    def __post_init__(self) -> None:
        """Check the methods.

        Raises:
            InputError: A method does not exist for own files, or none is named.
        """
        unknown = [name for name in self.methods if name not in OWN_METHODS]
        if unknown or not self.methods or len(set(self.methods)) < len(self.methods):
            known = ", ".join(OWN_METHODS)
            raise InputError(f"own files are forged by some of {known}, each once; got {', '.join(self.methods)}")


@dataclass(frozen=True, slots=True)
class OwnCorpus:
    """The corpus, and what happened to each file."""

    corpus: Corpus
    lines: tuple[Line, ...]


def open_arkit_tracker() -> Tracker:
    """Load the tracker of the avatar head."""
    return load_tracker("arkit")


def synthesize_own(
    root: Path,
    files: Sequence[OwnFile],
    config: OwnConfig,
    forger: GeneratorForger,
    deployment: Deployment,
    may_use: Callable[[int], str],
    report: Report = silent,
    *,
    worker_config: WorkerConfig = SERIAL,
    tracker: Callable[[], Tracker] = open_arkit_tracker,
) -> OwnCorpus:
    """Forge a user's own files, and write the corpus with its receipt.

    Args:
        root: The corpus folder; it is created where it is missing.
        files: The files and the people in them.
        config: What is made.
        forger: The generator.
        deployment: The deployment whose mark and signature the forgeries carry.
        may_use: Function that returns the user's statement that photographs of people may be used, or raises an error;
            it is called once with their number, and not again by a run that continues.
        report: Progress callback.
        worker_config: Configuration of the worker pool.
        tracker: Function that opens the tracker of a worker.

    Raises:
        BusyError: Another process is writing this corpus.
        CorpusError: The folder contains a corpus of another recipe, or no file can be used.
    """
    deployment = replace(deployment, discreet=True)  # size shall not tell the class
    with locked(root):
        listed = [(file.role, file.name, file.person) for file in files]
        recipe = {"own": True, "method": forger.method, **asdict(config), "files": listed}
        keep_recipe(root, json.dumps(recipe, indent=1, sort_keys=True) + "\n")
        tracking = partial(_tracking, root, config.limits, tracker, deployment)
        opened: list[Opened] = []
        with open_pool(worker_config, tracking) as pool:
            for place, one in pool.work(list(files)):
                opened.append(one)
                report(_TRACKING_ENDS * (place + 1) / len(files), "reading and tracking")
        usable = [one for one in opened if not one.why_not]
        if not usable:
            write_receipt(root, [_refused(one) for one in opened])
            raise CorpusError(
                f"{root}: none of {len(files)} files can be used, for instance {opened[0].file.path}: "
                f"{opened[0].why_not}; receipt.csv names the reason of each",
                root,
            )
        statement = _statement(root, sum(one.photograph for one in usable), may_use)
        splits = deal_people([one.file.person for one in usable], config.seed)
        planned, missing = plan_forgeries(usable, splits, config.methods, config.pairs, config.seed)
        workshop = Workshop(root, config.limits, forger, deployment, statement)
        made, failed = _forge_all(workshop, planned, worker_config, subrange(report, _TRACKING_ENDS, 1.0))
        genuine = [_genuine(root, one, splits[one.file.person], copied=config.copied) for one in usable]
        if not config.copied:
            write_places(root, {file.role: file.folder.resolve() for file in files})
        samples = (*genuine, *(made[one.id] for one in planned if one.id in made))
        lines = _lines(opened, splits, planned, missing, failed)
        write_receipt(root, lines)
        write_manifest(root, samples)
        (root / JOURNAL).unlink(missing_ok=True)
    _LOG.info("made corpus %s of %d own files with %d samples", root, len(usable), len(samples))
    return OwnCorpus(Corpus.load(root), lines)


@contextmanager
def _tracking(
    root: Path, limits: Limits, tracker: Callable[[], Tracker], deployment: Deployment
) -> Iterator[Work[OwnFile, Opened]]:
    opened = tracker()
    yield lambda file, report: open_file(root, file, limits, opened, deployment)


@contextmanager
def _forging(workshop: Workshop) -> Iterator[Work[Planned, Sample | str]]:
    yield lambda planned, report: _forged(workshop, planned)


def _forged(workshop: Workshop, planned: Planned) -> Sample | str:
    """Return the sample of a forgery, or why it cannot be made; errors of a single file do not end the others."""
    try:
        return _sample(workshop, planned, forge(workshop, planned))
    except (WatermarkError, GeneratorError, ForensicsError, OSError) as error:
        return str(error)


def _forge_all(
    workshop: Workshop, planned: Sequence[Planned], worker_config: WorkerConfig, report: Report
) -> tuple[dict[str, Sample], dict[str, str]]:
    """Return the samples by name, and what failed and why."""
    root = workshop.root
    made = {name: sample for name, sample in made_before(root).items() if is_whole(root, sample)}
    wanted = [one for one in planned if one.id not in made]
    wanted.sort(key=lambda one: (one.base.file.id, one.look.file.id))  # neighbours share what is kept in memory
    failed: dict[str, str] = {}
    done = len(planned) - len(wanted)
    with open_pool(worker_config if wanted else SERIAL, partial(_forging, workshop)) as pool:
        for place, result in pool.work(wanted, ordered=False):
            one = wanted[place]
            if isinstance(result, str):
                failed[one.id] = result
            else:
                append_line(root / JOURNAL, result.to_json())
                made[one.id] = result
            done += 1
            report(done / len(planned), "forging and sealing")
    return made, failed


def _statement(root: Path, photographs: int, may_use: Callable[[int], str]) -> str:
    """Return the statement of an earlier run, or ask for one where there are photographs of people."""
    path = root / STATEMENT
    if path.is_file():
        return path.read_text("utf-8").strip()
    if not photographs:
        return ""
    said = may_use(photographs).strip()
    write_whole(path, lambda part: part.write_text(said + "\n", "utf-8"))
    return said


def _genuine(root: Path, one: Opened, split: Split, *, copied: bool) -> Sample:
    """Return the sample of a genuine file, which is untouched, and copied where that is wanted."""
    path, place = one.file.name, str(one.file.role)
    if copied:
        path, place = f"media/genuine/{one.file.id}{one.file.path.suffix.lower()}", ""
        if not (root / path).is_file() or file_hash(root / path) != one.sha256:
            write_whole(root / path, lambda part: shutil.copyfile(one.file.path, part))
    return Sample(
        id=f"{split}-{one.file.id}",
        path=path,
        sha256=one.sha256,
        label=Label.GENUINE,
        method="own",
        split=split,
        identities=(one.file.person,),
        source_id=one.file.id,
        drive_id=one.file.id,
        style="",
        slice=Slice.MAIN,
        seed=None,
        frames=one.whole,
        fps=one.fps,
        width=one.width,
        height=one.height,
        mark_id=None,
        landmarks=None,
        landmarks_sha256=None,
        place=place,
    )


def _sample(workshop: Workshop, planned: Planned, made: Made) -> Sample:
    look, drive = planned.look.file, planned.drive.file
    control = planned.method == CONTROL
    method = workshop.forger.method if planned.method == GENERATED else planned.method
    return Sample(
        id=planned.id,
        path=planned.path,
        sha256=file_hash(workshop.root / planned.path),
        label=Label.GENUINE if control else Label.FORGED,
        method="own" if control else method,
        split=planned.split,
        identities=tuple(dict.fromkeys((look.person, drive.person))),
        source_id=look.id,
        drive_id=drive.id,
        style="",
        slice=Slice.CONTROL if control else Slice.MAIN,
        seed=planned.seed,
        frames=made.frames,
        fps=planned.drive.fps if planned.is_clip else None,
        width=made.width,
        height=made.height,
        mark_id=made.mark_id,
        landmarks=None,
        landmarks_sha256=None,
        original=None if control else planned.base.file.id,
        mask=made.mask,
        region=None if control else OWN_METHODS[planned.method].region,
        segments=made.segments,
    )


def _refused(one: Opened) -> Line:
    return Line(f"{one.file.role}/{one.file.name}", one.file.person, "", "", "refused", one.why_not)


def _lines(
    opened: Sequence[Opened],
    splits: dict[str, Split],
    planned: Sequence[Planned],
    missing: Sequence[Missing],
    failed: dict[str, str],
) -> tuple[Line, ...]:
    lines: list[Line] = []
    for one in opened:
        if one.why_not:
            lines.append(_refused(one))
            continue
        name, person, split = f"{one.file.role}/{one.file.name}", one.file.person, splits[one.file.person].value
        lines.append(Line(name, person, split, "", "genuine", sample=f"{split}-{one.file.id}"))
        for forgery in planned:
            if forgery.look is one:
                why = failed.get(forgery.id, "")
                happened, sample = ("failed", "") if why else ("made", forgery.id)
                lines.append(Line(name, person, split, forgery.method, happened, why, sample))  # type: ignore[arg-type]
        gaps = [gap for gap in missing if gap.file == one.file.id]
        lines += [Line(name, person, split, gap.method, "missing", gap.why) for gap in gaps]
    return tuple(lines)
