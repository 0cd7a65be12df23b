"""The whole trail, from puppets to a report, on embedded defaults.

Forge and seal a corpus, train a detector that has seen no forgery, score the test identities, retrain it on forgeries
of other identities, score again, distort, compare marked with unmarked genuine samples, read every output back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from detectors import Detector, TrainConfig
from watermark import CredentialState, Deployment, read_provenance

from .corpus import Corpus, Sample, Slice, Split, check_corpus
from .corpus.plan import SynthesisConfig
from .corpus.studio import Forger
from .corpus.synthesize import synthesize
from .errors import CorpusError
from .evaluation import EvalReport, Level, Measure, ScoreTable, measure_table, write_report, write_scores
from .gallery import hang_gallery
from .progress import Report, part, silent
from .reporting import ProvenanceRow, ReportContents, StageTime, write_page
from .results import Scored, describe_trail
from .scoring import PROTOCOL, control_shift, frozen_threshold, measure_robustness, only, score_samples
from .stages import Stage, StageClock
from .training import Diet, TrainingRun, save_trained, train_on

SYNTHESIZE, BEFORE, RETRAIN, SCORE, DISTORT, READ_BACK, REPORT = (
    "forge and seal",
    "train on self-blends",
    "retrain on forgeries",
    "score the test split",
    "distort and score",
    "read everything back",
    "write the report",
)
STAGES = (
    Stage(SYNTHESIZE, 165.0),
    Stage(BEFORE, 30.0),
    Stage(RETRAIN, 25.0),
    Stage(SCORE, 2.0),
    Stage(DISTORT, 20.0),
    Stage(READ_BACK, 6.0),
    Stage(REPORT, 7.0),
)


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """Sizes of the demo, chosen to end within six minutes on two cores.

    Attributes:
        corpus: The corpus to make; its seed is the demo's.
        detector: Name of the detector.
        per_clip: Crops of a clip for training and scoring.
        training: Settings of both trainings; its seed is the demo's.
        distortions: What the robustness grid holds.
        severities: At which levels.
        distorted_per_clip: Frames of a clip in the grid.
        gallery: Forgeries shown in the report.
        replicates: Of every bootstrap.
    """

    corpus: SynthesisConfig = field(default_factory=SynthesisConfig)
    detector: str = "cpu"
    per_clip: int = 8
    training: TrainConfig = field(default_factory=TrainConfig)
    distortions: tuple[str, ...] = ("jpeg", "h264", "blur", "resize", "noise")
    severities: tuple[int, ...] = (1, 2, 3)
    distorted_per_clip: int = 4
    gallery: int = 4
    replicates: int = 400


def demo_config(seed: int) -> DemoConfig:
    """Give the demo's sizes with one seed for everything.

    Args:
        seed: The seed.
    """
    corpus = SynthesisConfig(seed=seed, identities=28, clips=1, stills=1, frames=12)
    return DemoConfig(corpus=corpus, training=TrainConfig(seed=seed))


def run_demo(
    out: Path, config: DemoConfig, forger: Forger, deployment: Deployment, report: Report = silent
) -> ReportContents:
    """Walk the trail and leave corpus, detectors, measures and report in a folder.

    Args:
        out: The results folder; a corpus that an interrupted run left there is continued.
        config: Sizes and seed.
        forger: Makes the forgeries.
        deployment: Whose mark and signature they carry.
        report: Is told how far the work is.

    Returns:
        What the report shows.

    Raises:
        CorpusError: The corpus did not pass its check.
    """
    out.mkdir(parents=True, exist_ok=True)
    clock = StageClock(STAGES, report)
    with clock.stage(SYNTHESIZE) as step:
        corpus = synthesize(out / "corpus", config.corpus, forger, deployment, part(step, 0.0, 0.98))
        refuse_unsound(corpus)
    with clock.stage(BEFORE) as step:
        before = _train(corpus, Diet.SELF_BLENDED, config, out / "detectors" / "before", step)
    with clock.stage(RETRAIN) as step:
        after = _train(corpus, Diet.FORGED, config, out / "detectors" / "after", step)
    detectors = {"before": before, "after": after}
    with clock.stage(SCORE) as step:
        tables = _score(corpus, detectors, config, step)
    with clock.stage(DISTORT) as step:
        scored = _measure(corpus, detectors, tables, config, out / "evaluation", step)
    with clock.stage(READ_BACK) as step:
        provenance = read_back(out, corpus, deployment, step)
    with clock.stage(REPORT):
        gallery = hang_gallery(out, corpus, config.corpus, config.gallery)
    times = tuple(StageTime(name, seconds) for name, seconds in clock.seconds.items())
    contents = describe_trail(out, config.corpus.seed, scored, gallery, provenance, times)
    contents.save(out)
    write_page(contents, out)
    return contents


def refuse_unsound(corpus: Corpus) -> None:
    """Stop where a corpus would make every number behind it worthless.

    Raises:
        CorpusError: The corpus did not pass its check; the message gives the first complaint.
    """
    complaints = check_corpus(corpus)
    if complaints:
        first = complaints[0]
        raise CorpusError(f"{corpus.root}: {first.message}; {len(complaints)} complaint(s) in all", corpus.root)


def read_back(root: Path, corpus: Corpus, deployment: Deployment, report: Report = silent) -> tuple[ProvenanceRow, ...]:
    """Read mark and credential of every sealed file of a corpus from disk.

    Args:
        root: Folder that paths are shown relative to.
        corpus: The corpus.
        deployment: Whose key and root certificate count.
        report: Is told how far the work is.
    """
    sealed = [sample for sample in corpus.samples if sample.mark_id is not None]
    rows: list[ProvenanceRow] = []
    for number, sample in enumerate(sealed):
        report(number / len(sealed), "reading marks and credentials back")
        rows.append(_read_one(root, corpus, sample, deployment))
    return tuple(rows)


def _read_one(root: Path, corpus: Corpus, sample: Sample, deployment: Deployment) -> ProvenanceRow:
    path = corpus.file(sample)
    found = read_provenance(path, deployment)
    wanted = "control" if sample.slice is Slice.CONTROL else "generated"
    mark_id = None if found.mark is None else found.mark.id
    kind = None if found.mark is None or found.mark.kind is None else found.mark.kind.value
    intact = found.credential.state is CredentialState.TRUSTED
    return ProvenanceRow(
        file=path.relative_to(root).as_posix(),
        sha256=sample.sha256,
        mark_id=mark_id,
        kind=kind,
        state=found.credential.state.value,
        as_sealed=intact and (mark_id, kind) == (sample.mark_id, wanted),
    )


def _train(corpus: Corpus, diet: Diet, config: DemoConfig, folder: Path, report: Report) -> Detector:
    run = TrainingRun(config.detector, diet, config.per_clip, config.training)
    detector, log = train_on(corpus, run, report=report)
    save_trained(detector, log, run, corpus, folder)
    return detector


def _score(corpus: Corpus, detectors: dict[str, Detector], config: DemoConfig, report: Report) -> dict[str, ScoreTable]:
    samples = corpus.where(split=Split.TEST)
    tables: dict[str, ScoreTable] = {}
    for number, (name, detector) in enumerate(detectors.items()):
        step = part(report, number / len(detectors), (number + 1) / len(detectors))
        tables[name] = score_samples(detector, corpus, samples, per_clip=config.per_clip, report=step)
    return tables


def _measure(
    corpus: Corpus,
    detectors: dict[str, Detector],
    tables: dict[str, ScoreTable],
    config: DemoConfig,
    folder: Path,
    report: Report,
) -> tuple[Scored, ...]:
    """Measure both detectors; thresholds were frozen by their training, before the test was first read."""
    seed = config.corpus.seed
    cells = [(name, severity) for name in config.distortions for severity in config.severities]
    clips = [sample for sample in corpus.where(split=Split.TEST, slice=Slice.MAIN) if not sample.is_still]
    scored: list[Scored] = []
    for number, (name, detector) in enumerate(detectors.items()):
        step = part(report, number / len(detectors), (number + 1) / len(detectors))
        main = only(tables[name], Slice.MAIN)
        measures = measure_table(main, seed=seed, threshold=frozen_threshold(detector), replicates=config.replicates)
        grid = measure_robustness(
            detector,
            corpus,
            clips,
            cells,
            seed=seed,
            per_clip=config.distorted_per_clip,
            replicates=config.replicates,
            report=step,
        )
        measured = EvalReport(corpus.root.name, name, PROTOCOL, seed, (*measures, *grid), sealed=True)
        write_report(measured, folder / name)
        write_scores(tables[name], folder / name / "scores.csv")
        shift = control_shift(tables[name], corpus, seed=seed)
        scored.append(Scored(name, main, measures, grid, shift, _marked_auc(tables[name], seed, config.replicates)))
    return tuple(scored)


def _marked_auc(table: ScoreTable, seed: int, replicates: int) -> Measure:
    """Measure forged against control samples; both carry a mark."""
    marked = table.slice(Slice.CONTROL.value)
    found = measure_table(marked, seed=seed, replicates=replicates, levels=(Level.VIDEO,))
    return next(measure for measure in found if (measure.name, measure.slice) == ("auc/video", "all"))
