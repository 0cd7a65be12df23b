"""Evaluate detectors on a corpus under a protocol: score, record the read, measure, and write a results folder."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.corpus import Corpus, Sample, Slice, Split
from forensics.evaluation import (
    PICTURES,
    SCORES_NAME,
    VALIDATION_NAME,
    Measure,
    ScoresError,
    ScoreTable,
    SealedTest,
    TestRead,
    evaluate_sealed,
    folder_of,
    operating_threshold,
    read_scores,
    short_names,
    write_scores,
)
from forensics.evaluation.measures.generalisation import measure_generalisation
from forensics.evaluation.protocol.read_journal import early_reads, note_read, now, other_readers, past_reads
from forensics.execution.progress import Report, silent, subrange
from forensics.faces import FACE_MESH, FaceFinder, WholeFrame, finder_for, source_of
from watermark import file_hash

from .evaluated import Evaluated, Settings

if TYPE_CHECKING:
    from detectors import Detector, DetectorCard

_LOG = logging.getLogger(__name__)

FALLBACK_THRESHOLD = 0.5


def evaluate_corpus(
    corpus: Corpus, names: Sequence[str], settings: Settings, *, out: Path | None = None, report: Report = silent
) -> tuple[Evaluated, ...]:
    """Measure detectors on a corpus under a protocol.

    With a results folder, every read of the test is recorded. A detector that was already scored there under the same
    protocol, with the same weights on the same samples, is measured from those scores and not scored again.

    Args:
        corpus: The corpus.
        names: Shipped detectors, or folders of trained ones.
        settings: Settings of the evaluation.
        out: The results folder, None to write nothing.
        report: Progress callback.

    Raises:
        CorpusError: The protocol finds no sample, or no face was found in any.
        ScoresError: A detector is named twice, or the folder's journal is damaged.
    """
    from detectors import load_detector, read_card  # not at the top: scores of other programs need no networks

    detectors = [load_detector(path) for path in names]
    needed = not all(detector.spec.whole_frame for detector in detectors)
    finder = finder_for(corpus, settings.face_finder) if needed else None
    past = () if out is None else past_reads(out)
    done: list[Evaluated] = []
    for number, (path, name, detector) in enumerate(zip(names, short_names(names), detectors, strict=True)):
        step = subrange(report, number / len(names), (number + 1) / len(names))
        card = read_card(path)
        found = WholeFrame() if detector.spec.whole_frame else finder
        done.append(_Evaluation(corpus, detector, name, settings, out, past, found, card).run(step))
    return tuple(done)


def corpus_digest(samples: Iterable[Sample]) -> str:
    """Compute the SHA-256 (hex) of the manifest lines of samples, independent of their order."""
    lines = sorted(sample.to_json() for sample in samples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def detector_digest(detector: Detector) -> str:
    """Compute the SHA-256 (hex) of everything that determines a detector's scores and threshold."""
    digest = hashlib.sha256(f"{detector.spec}\n{detector.calibration}\n{detector.thresholds}\n".encode())
    for name, tensor in sorted(detector.model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class _Evaluation:
    """The evaluation of one detector on one corpus, step by step."""

    def __init__(
        self,
        corpus: Corpus,
        detector: Detector,
        name: str,
        settings: Settings,
        out: Path | None,
        past: tuple[TestRead, ...],
        finder: FaceFinder | None,
        card: DetectorCard,
    ) -> None:
        self.corpus, self.detector, self.name, self.settings = corpus, detector, name, settings
        self.out, self.past, self.finder, self.card = out, past, finder, card
        self.folder = None if out is None else out / folder_of(name)
        self.samples = settings.protocol.samples(corpus)
        self.held = () if settings.protocol.whole else corpus.where(split=Split.VAL)
        self.read = self._describe()
        self.known = next((old for old in reversed(self.past) if old.same_scores(self.read)), None)

    def run(self, report: Report) -> Evaluated:
        """Run validation first, then freeze the threshold, then run the test."""
        settings = self.settings
        share = len(self.held) / (len(self.held) + len(self.samples))
        validation = self._validation(subrange(report, 0.0, share))
        threshold, origin = self._threshold(validation)
        read = replace(self.read, threshold=threshold)
        test = SealedTest(
            lambda: self._test(read, subrange(report, share, 1.0)), early_reads=early_reads(self.past, read)
        )
        test.freeze(threshold, origin)
        _LOG.info("froze the threshold of %s at %.6g: %s", self.name, threshold, origin)
        measured = evaluate_sealed(
            test,
            corpus=self.corpus.root.name,
            detector=self.name,
            protocol=settings.protocol.name,
            seed=settings.seed,
            replicates=settings.replicates,
            aggregation=settings.aggregation,
            by_method=settings.protocol.by_method,
            samples=PICTURES if all(sample.is_still for sample in self.samples) else "videos",
        )
        measured = replace(
            measured,
            measures=(*measured.measures, *self._generalisation(test.open(), threshold)),
            warnings=(*measured.warnings, *self._warnings(), *other_readers(self.past, read)),
            corpus_digest=read.corpus_digest,
            detector_digest=read.detector_digest,
        )
        return Evaluated(
            report=measured,
            table=test.open(),
            settings=settings,
            validation=validation,
            folder=self.folder,
            detector=self.detector,
            corpus=self.corpus,
            samples=self.samples,
            finder=self.finder,
            seen_methods=tuple(self.card.seen_methods),
        )

    def _generalisation(self, table: ScoreTable, threshold: float) -> tuple[Measure, ...]:
        """Measure the methods that the detector was trained on, and all others, apart."""
        if not self.card.seen_methods:
            return ()
        main = rows_of_main(table)
        if main is None:
            return ()
        return measure_generalisation(
            main.by_video(self.settings.aggregation),
            self.card.seen_methods,
            threshold=threshold,
            seed=self.settings.seed,
            replicates=self.settings.replicates,
        )

    def _threshold(self, validation: ScoreTable | None) -> tuple[float, str]:
        name = self.corpus.root.name
        if self.settings.protocol.own_threshold:
            if validation is None:
                raise ScoresError(f"{name} has no validation split to freeze a threshold on; use `--protocol sealed`")
            videos = validation.by_video(self.settings.aggregation)
            return operating_threshold(videos), f"5 % false positives on the validation videos of {name}"
        if self.detector.thresholds is not None:
            return self.detector.thresholds.fpr_5, "5 % false positives on the detector's own validation data"
        return FALLBACK_THRESHOLD, "one half, because the detector carries no threshold"

    def _warnings(self) -> tuple[str, ...]:
        found = []
        if self.settings.protocol.whole:
            found.append("nothing here can tell whether the detector saw this corpus in training")
        if self.detector.thresholds is None and not self.settings.protocol.own_threshold:
            found.append("the detector carries no threshold from validation data; one half was used")
        if self.detector.calibration is None and self.detector.spec.method != "adapter":
            found.append("the detector was never calibrated; its probabilities are plain sigmoids")
        incomplete = [sample for sample in self.samples if sample.absent_frames]
        if incomplete:
            count = sum(sample.absent_frames for sample in incomplete)
            found.append(
                f"{count} frames of {len(incomplete)} samples, such as {incomplete[0].id}, were not there at import; "
                "the scores are those of the other frames"
            )
        faces = source_of(self.finder)
        learned = self.card.face_finder
        if learned not in ("", faces):
            found.append(f"the detector learned from faces by {learned}, and was tested on faces by {faces}")
        return tuple(found)

    def _describe(self) -> TestRead:
        held = f", validation {corpus_digest(self.held)[:12]}" if self.held else ""
        # The usual finders are not recorded, as in the journals of earlier versions, whose scores stay valid.
        usual = self.finder is None or self.finder.name == FACE_MESH
        found = "" if usual else f", faces by {source_of(self.finder)}"
        return TestRead(
            time=now(),
            corpus=self.corpus.root.name,
            corpus_digest=corpus_digest(self.samples),
            detector=self.name,
            detector_digest=detector_digest(self.detector),
            protocol=self.settings.protocol.name,
            threshold=None,
            aggregation=self.settings.aggregation.value,
            settings=f"{self.settings.per_clip} frames of a clip{found}{held}",
        )

    def _validation(self, report: Report) -> ScoreTable | None:
        """Return the scores of the validation split: those in the folder if they are the same, otherwise new ones."""
        if not self.held:
            return None
        path = None if self.folder is None else self.folder / VALIDATION_NAME
        if path is not None and self.known and _is(path, self.known.validation_sha256):
            _LOG.info("took the validation scores of %s from %s", self.name, path)
            return read_scores(path)
        return self._score(self.held, path, report)

    def _test(self, read: TestRead, report: Report) -> ScoreTable:
        """Return the scores of the test in the same way, and record the read unless it repeats one."""
        path = None if self.folder is None else self.folder / SCORES_NAME
        if path is not None and self.known and _is(path, self.known.scores_sha256):
            _LOG.info("took the test scores of %s from %s", self.name, path)
            table = read_scores(path)
        else:
            table = self._score(self.samples, path, report)
        if self.out is not None and path is not None:
            held = path.with_name(VALIDATION_NAME)
            read = replace(read, scores_sha256=file_hash(path), validation_sha256=file_hash(held) if self.held else "")
            if not any(replace(old, time=read.time) == read for old in self.past):
                note_read(self.out, read)
        return table

    def _score(self, samples: Sequence[Sample], kept_as: Path | None, report: Report) -> ScoreTable:
        from .score_corpus import score_samples

        table = score_samples(
            self.detector,
            self.corpus,
            samples,
            per_clip=self.settings.per_clip,
            finder=self.finder,
            worker_config=self.settings.worker_config,
            report=report,
        )
        if kept_as is not None:
            write_scores(table, kept_as)
        return table


def rows_of_main(table: ScoreTable) -> ScoreTable | None:
    """Return the rows of a table that are no control samples, None without any."""
    rows = [row for row, name in enumerate(table.slices) if name == Slice.MAIN.value]
    return table.rows(rows) if rows else None


def _is(path: Path, sha256: str) -> bool:
    return bool(sha256) and path.is_file() and file_hash(path) == sha256
