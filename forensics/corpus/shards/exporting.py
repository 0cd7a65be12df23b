"""Export a corpus: plan, write the shards on any number of workers, then the manifest, and the index last."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from forensics.corpus.attributes import ATTRIBUTES
from forensics.corpus.manifest import Corpus
from forensics.corpus.sample import Sample
from forensics.errors import CorpusError
from forensics.execution.progress import Report, silent
from forensics.execution.workers import SERIAL, Work, WorkerConfig, open_pool
from forensics.storage.files import append_line, locked, whole_lines, write_whole
from forensics.storage.json_records import parse_json, read_record, write_json
from watermark import file_hash

from .index import FORMAT, INDEX, Index, Shard
from .parquet import write_data_parquet, write_manifest_parquet
from .planning import ShardPlan, plan_shards
from .tar_shard import files_of, mask_of, write_tar

_LOG = logging.getLogger(__name__)

PARQUET = "manifest.parquet"
JOURNAL = "written.jsonl"
"""Journal of the finished shards, one per line, used until the index can be written."""

_HUB_SPLITS = {"train": "train", "val": "validation", "test": "test"}


class Target(StrEnum):
    """The format of an export."""

    WEBDATASET = "webdataset"
    PARQUET = "parquet"
    DATASETS = "datasets"


@dataclass(frozen=True, slots=True)
class Export:
    """The result of an export.

    Attributes:
        index: The index with the list of shards.
        kept: Number of shards that existed from an interrupted run.
        left_behind: Ids of samples that were not exported completely: a mask that is a folder is left out, and for
            `datasets` also a folder of frames.
    """

    index: Index
    kept: int
    left_behind: tuple[str, ...]


def export_corpus(
    corpus: Corpus,
    out: Path,
    target: Target,
    *,
    seed: int = 0,
    most_bytes: int = 256 << 20,
    worker_config: WorkerConfig = SERIAL,
    report: Report = silent,
) -> Export:
    """Write a corpus in another format; an interrupted export continues where it stopped.

    The same corpus, seed and size produce the same bytes on any number of workers.

    Args:
        corpus: The corpus.
        out: The export's folder; it is created where it is missing.
        target: The format to write.
        seed: Seed of the order of the samples in the shards.
        most_bytes: Size of a shard in bytes at which the next one begins.
        worker_config: Configuration of the worker pool.
        report: Progress callback.

    Raises:
        BusyError: Another process is writing the folder.
        CorpusError: The folder contains something else, or a file is missing or changed.
        MissingPieceError: pyarrow is not installed.
    """
    plans = _plan(corpus, target, seed, most_bytes)
    written = plans if target is not Target.PARQUET else ()
    with locked(out):
        shards = _kept(out, target, written)
        kept, missing = len(shards), [plan for plan in written if _file_of(plan, target) not in shards]
        bare = replace(corpus, samples=())  # what a worker needs of it
        with open_pool(worker_config if missing else SERIAL, partial(_writer, bare, out, target)) as pool:
            for _, shard in pool.work(missing, ordered=False):
                append_line(out / JOURNAL, write_json(asdict(shard)))
                shards[shard.name] = shard
                _LOG.debug("wrote shard %s, %d of %d", shard.name, len(shards), len(written))
                report(len(shards) / len(written), "writing shards")
        write_whole(out / PARQUET, lambda part: write_manifest_parquet(part, _rows(plans, target)))
        _write_beside(corpus, out, target, plans)
        names = tuple(_file_of(plan, target) for plan in written)
        index = Index(
            f"{FORMAT}, {target}",
            corpus.root.name,
            seed,
            sum(len(plan.packed) for plan in plans),
            tuple(shards[name] for name in names),
            file_hash(out / PARQUET),
        )
        index.write(out)
        (out / JOURNAL).unlink(missing_ok=True)
    _LOG.info("wrote %d shards to %s, %d of them in an earlier run", len(written), out, kept)
    return Export(index, kept, _left_behind(corpus, target))


def _plan(corpus: Corpus, target: Target, seed: int, most_bytes: int) -> tuple[ShardPlan, ...]:
    def part_of(sample: Sample) -> str | None:
        if target is not Target.DATASETS:
            return sample.split.value
        return None if sample.files else f"{'stills' if sample.is_still else 'clips'}/{_HUB_SPLITS[sample.split]}"

    def size_of(sample: Sample) -> int:
        if target is Target.PARQUET:
            return 0
        try:
            return sum(file.stat().st_size for _, file in files_of(corpus, sample))
        except FileNotFoundError as error:
            path = Path(str(error.filename))
            raise CorpusError(f"{path} is missing; `facetrail corpus check` says what else is", path) from None

    return plan_shards(corpus.samples, part_of, size_of, seed=seed, most_bytes=most_bytes)


def _file_of(plan: ShardPlan, target: Target) -> str:
    return f"{plan.name}.{'tar' if target is Target.WEBDATASET else 'parquet'}"


def _kept(out: Path, target: Target, plans: Sequence[ShardPlan]) -> dict[str, Shard]:
    """Return the shards that are already complete, by name.

    Raises:
        CorpusError: The folder contains an export of something else.
    """
    lines = whole_lines(out / JOURNAL)
    with suppress(OSError, ValueError, TypeError, KeyError):
        listed = parse_json((out / INDEX).read_bytes())
        lines += [write_json(shard).encode() for shard in listed["shards"]]  # type: ignore[index]
    plan_of = {_file_of(plan, target): plan.digest() for plan in plans} if lines else {}
    kept: dict[str, Shard] = {}
    for line in lines:
        with suppress(ValueError):  # a damaged line is ignored, and its shard is written again
            shard = read_record(Shard, parse_json(line), "shard")
            if plan_of.get(shard.name) != shard.plan:
                raise CorpusError(
                    f"{out} holds an export of another corpus, seed or size; choose an empty folder", out
                ) from None
            path = out / shard.name
            if path.is_file() and path.stat().st_size == shard.bytes and file_hash(path) == shard.sha256:
                kept[shard.name] = shard
    return kept


@contextmanager
def _writer(corpus: Corpus, out: Path, target: Target) -> Iterator[Work[ShardPlan, Shard]]:
    write = write_tar if target is Target.WEBDATASET else write_data_parquet

    def one(plan: ShardPlan, report: Report) -> Shard:
        path = out / _file_of(plan, target)
        write_whole(path, lambda part: write(corpus, plan, part))
        part = plan.part.rpartition("/")[2]
        size, digest = path.stat().st_size, file_hash(path)
        return Shard(_file_of(plan, target), part, len(plan.packed), size, digest, plan.digest())

    yield one


def _rows(plans: Sequence[ShardPlan], target: Target) -> Iterator[tuple[Sample, str | None, str | None]]:
    for plan in plans:
        for packed in plan.packed:
            bare = target is Target.PARQUET
            yield packed.sample, None if bare else _file_of(plan, target), None if bare else packed.key


def _write_beside(corpus: Corpus, out: Path, target: Target, plans: Sequence[ShardPlan]) -> None:
    """Write the files of an export other than shards and manifest."""
    if (corpus.root / ATTRIBUTES).is_file():
        write_whole(out / ATTRIBUTES, lambda part: shutil.copyfile(corpus.root / ATTRIBUTES, part))
    if target is Target.DATASETS:
        lines = ["---", "configs:"]
        for kind in sorted({plan.part.partition("/")[0] for plan in plans}):
            lines += [f"- config_name: {kind}", "  data_files:"]
            for part in sorted({plan.part for plan in plans if plan.part.startswith(f"{kind}/")}):
                lines += [f"  - split: {part.partition('/')[2]}", f"    path: {part}-*.parquet"]
        text = "\n".join((*lines, "---", "", f"# {corpus.root.name}", "", "Exported by facetrail.", ""))
        write_whole(out / "README.md", lambda part: part.write_text(text, "utf-8"))


def _left_behind(corpus: Corpus, target: Target) -> tuple[str, ...]:
    if target is Target.PARQUET:
        return ()
    return tuple(
        sample.id
        for sample in corpus.samples
        if (target is Target.DATASETS and sample.files)
        or (target is Target.WEBDATASET and sample.mask is not None and mask_of(corpus, sample) is None)
    )
