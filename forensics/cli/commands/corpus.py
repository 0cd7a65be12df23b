"""Run `facetrail corpus`: make, import, split, check, distort and export labelled corpora."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import (
    add_detector,
    add_json,
    add_out,
    add_seed,
    add_verbose,
    add_workers,
    positive_int,
    worker_config_of,
)
from forensics.cli.face_finder_option import add_face_finder
from forensics.corpus import Corpus, write_manifest
from forensics.corpus.importers import LAYOUTS
from forensics.corpus.shards import is_export
from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report, subrange
from forensics.storage.files import locked

from . import corpus_distort, corpus_synthesize
from .corpus_description import describe

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    declared = (
        corpus_synthesize.configure(actions),
        _configure_check(actions),
        _configure_split(actions),
        _configure_import(actions),
        _configure_crop(actions),
        _configure_export(actions),
        corpus_distort.configure(actions),
    )
    for action in declared:
        add_json(action)
        add_verbose(action)


def _configure_check(actions: Actions) -> argparse.ArgumentParser:
    text = "check a corpus for changed files, leaks between splits, copies and unlike formats"
    check = actions.add_parser("check", help=text, description=text + ". Exit code 1 says that it is not sound.")
    check.set_defaults(run=run_check)
    check.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    return check


def _configure_split(actions: Actions) -> argparse.ArgumentParser:
    text = "divide a corpus anew, so that no identity, source or drive stands in two splits"
    more = ". Where people are linked through forgeries, those that show people of two splits are left out."
    split = actions.add_parser("split", help=text, description=text + more)
    add_seed(split)
    split.set_defaults(run=run_split)
    split.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    return split


def _configure_import(actions: Actions) -> argparse.ArgumentParser:
    text = "make a corpus of a published data set, whose files stay where they are, or unpack one that was exported"
    importer = actions.add_parser(
        "import",
        help=text,
        description=text + ". Layouts: " + ", ".join((*(layout.name for layout in LAYOUTS), "webdataset")),
    )
    importer.add_argument(
        "layout", nargs="?", default="auto", metavar="LAYOUT", help="how the folder is laid out (default: look)"
    )
    importer.add_argument("folder", type=Path, metavar="FOLDER", help="the data set's folder, or DeepfakeBench's JSON")
    add_out(importer, "corpus folder")
    importer.add_argument("--add", action="store_true", help="add to the corpus that is there")
    importer.add_argument(
        "--split",
        choices=("auto", "official", "identity"),
        default="auto",
        help="auto keeps the official split if nobody stands in two of its parts, and else deals people anew",
    )
    add_seed(importer)
    importer.set_defaults(run=run_import)
    return importer


def _configure_crop(actions: Actions) -> argparse.ArgumentParser:
    text = "cut the face crops of a corpus once and keep them in it; training and evaluation then find them there"
    crop = actions.add_parser("crop", help=text, description=text)
    crop.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    add_detector(crop)
    add_face_finder(crop)
    crop.add_argument(
        "--per-clip", type=positive_int, default=8, metavar="N", help="most frames of one clip (default: 8)"
    )
    add_workers(crop, default="one for each core")
    crop.set_defaults(run=run_crop)
    return crop


def _configure_export(actions: Actions) -> argparse.ArgumentParser:
    text = "write a corpus as WebDataset shards, as a Parquet manifest, or for the `datasets` library"
    export = actions.add_parser("export", help=text, description=text + ". An export that was cut off continues.")
    export.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    export.add_argument(
        "--to", choices=("webdataset", "parquet", "datasets"), default="webdataset", help="what to write"
    )
    add_out(export, "folder of the export")
    export.add_argument(
        "--shard-mib",
        type=positive_int,
        default=256,
        metavar="N",
        help="size from which a shard is full (default: 256)",
    )
    add_workers(export, default="this one")
    add_seed(export)
    export.set_defaults(run=run_export)
    return export


def run_check(options: argparse.Namespace, report: Report) -> CommandResult:
    """Check a corpus."""
    from forensics.corpus import Fault, check_corpus, check_pictures
    from forensics.evaluation.probes import check_packaging, probe_packaging

    corpus = Corpus.load(options.corpus)
    complaints = [*check_corpus(corpus, subrange(report, 0.0, 0.5))]
    whole = all(complaint.fault is not Fault.MISSING for complaint in complaints)
    probe = probe_packaging(corpus)
    complaints += check_packaging(corpus, probe) if whole else ()
    complaints += check_pictures(corpus, subrange(report, 0.5, 1.0))
    answer = describe(corpus)
    lines = [answer.text, ""]
    for complaint in complaints:
        ids = f" ({', '.join(complaint.ids)})" if complaint.ids else ""
        lines.append(f"  {complaint.fault}: {complaint.message}{ids}")
    if probe is not None:
        lines.append(
            f"  packaging alone: AUC {probe.auc:.2f} ({probe.forged} forged, {probe.genuine} genuine; 0.5 says nothing)"
        )
    lines.append(f"  {len(complaints)} faults" if complaints else "  sound")
    listed: list[JsonObject] = [
        {"fault": complaint.fault.value, "message": complaint.message, "ids": list(complaint.ids)}
        for complaint in complaints
    ]
    entry: JsonObject = {
        **answer.results[0],
        "faults": [*listed],
        "sound": not complaints,
        "packaging_auc": None if probe is None else probe.auc,
    }
    return CommandResult("\n".join(lines), (entry,), failed=bool(complaints))


def run_split(options: argparse.Namespace, report: Report) -> CommandResult:
    """Split a corpus again."""
    import numpy as np

    from forensics.corpus.importers import divide_people

    with locked(options.corpus):
        corpus = Corpus.load(options.corpus)
        division = divide_people(corpus.samples, np.random.default_rng(options.seed))
        write_manifest(options.corpus, division.samples)
    answer = describe(replace(corpus, samples=division.samples))
    notes = [f"  note: {note}" for note in division.notes]
    entry: JsonObject = {**answer.results[0], "divided_out": list(division.left_out)}
    return CommandResult("\n".join([answer.text, *notes]), (entry,))


def run_import(options: argparse.Namespace, report: Report) -> CommandResult:
    """Import a published data set, or unpack shards."""
    if options.layout == "webdataset" or (options.layout == "auto" and is_export(options.folder)):
        return _unpack(options, report)
    from forensics.corpus.importers import Rule, import_corpus

    corpus, done = import_corpus(
        options.folder,
        options.out,
        layout=options.layout,
        rule=Rule(options.split),
        seed=options.seed,
        add=options.add,
        report=report,
    )
    answer = describe(corpus)
    lines = [f"  {done.found} found as {done.layout} in {done.folder}; split: {done.split}"]
    lines += [f"  note: {note}" for note in done.notes]
    lines += [f"  left out: {reason}" for reason in done.unreadable]
    if done.absent:
        lines.append(f"  listed by the data set and not there: {len(done.absent)}, for instance {done.absent[0]}")
    entry: JsonObject = {
        **answer.results[0],
        "layout": done.layout,
        "folder": str(done.folder),
        "found": done.found,
        "split": done.split,
        "notes": list(done.notes),
        "left_out": list(done.unreadable),
        "absent": list(done.absent),
        "divided_out": list(done.divided_out),
        "absent_frames": done.absent_frames,
    }
    return CommandResult("\n".join([answer.text, *lines]), (entry,))


def _unpack(options: argparse.Namespace, report: Report) -> CommandResult:
    """Read an export in tar shards into a corpus."""
    from forensics.corpus.shards import unpack_corpus

    if options.add or options.split != "auto":
        raise UsageError("shards are unpacked as they were exported; leave out --add and --split")
    corpus, index = unpack_corpus(options.folder, options.out, report=report)
    answer = describe(corpus)
    line = f"  {index.samples} unpacked from {len(index.shards)} shards in {options.folder}; splits as they were"
    entry: JsonObject = {
        **answer.results[0],
        "layout": "webdataset",
        "folder": str(options.folder),
        "found": index.samples,
        "split": "official",
        "notes": [],
        "left_out": [],
        "absent": [],
        "divided_out": [],
        "absent_frames": sum(sample.absent_frames for sample in corpus.samples),
    }
    return CommandResult(f"{answer.text}\n{line}", (entry,))


def run_export(options: argparse.Namespace, report: Report) -> CommandResult:
    """Write a corpus in another format."""
    from forensics.corpus.shards import Target, export_corpus

    done = export_corpus(
        Corpus.load(options.corpus),
        options.out,
        Target(options.to),
        seed=options.seed,
        most_bytes=options.shard_mib << 20,
        worker_config=worker_config_of(options),
        report=report,
    )
    index = done.index
    size = sum(shard.bytes for shard in index.shards)
    lines = [
        f"{options.out}",
        f"  {index.samples} samples in {len(index.shards)} shards, {size / (1 << 20):.1f} MiB; {done.kept} were there",
    ]
    if done.left_behind:
        lines.append(
            f"  {len(done.left_behind)} samples, such as {done.left_behind[0]}, left something behind: a folder of "
            "frames or masks"
        )
    shards: list[JsonObject] = [
        {
            "name": shard.name,
            "split": shard.split,
            "samples": shard.samples,
            "bytes": shard.bytes,
            "sha256": shard.sha256,
        }
        for shard in index.shards
    ]
    entry: JsonObject = {
        "path": str(options.out),
        "to": options.to,
        "corpus": index.corpus,
        "seed": index.seed,
        "samples": index.samples,
        "shards": [*shards],
        "manifest_sha256": index.manifest,
        "kept": done.kept,
        "left_behind": list(done.left_behind),
    }
    return CommandResult("\n".join(lines), (entry,))


def run_crop(options: argparse.Namespace, report: Report) -> CommandResult:
    """Write a corpus' face crops to its cache."""
    from detectors import list_detectors, load_detector
    from forensics.faces import Miss, finder_of, keep_crops, source_of

    name = options.detector
    spec = next((spec for spec in list_detectors(name) if spec.name == name), None) or load_detector(name).spec
    corpus = Corpus.load(options.corpus)
    finder = finder_of(corpus, spec, options.face_finder)
    coverage = keep_crops(
        corpus,
        spec,
        per_clip=options.per_clip,
        finder=finder,
        worker_config=worker_config_of(options, default=None),
        report=report,
    )
    lines = [
        str(corpus.root),
        f"  {coverage}",
        f"  {coverage.crops} crops of {spec.input_size} px, {spec.alignment}, margin {spec.crop_margin:g}, "
        f"by {source_of(finder)}; a face in {coverage.frames_with_face} of {coverage.frames} frames",
    ]
    lines += [f"  {miss}: {sample}{f' ({message})' if message else ''}" for sample, miss, message in coverage.missed]
    missed: list[JsonObject] = [
        {"id": sample, "reason": miss.value, "message": message} for sample, miss, message in coverage.missed
    ]
    entry: JsonObject = {
        "path": str(corpus.root),
        "contract": {"input_size": spec.input_size, "crop_margin": spec.crop_margin, "alignment": spec.alignment},
        "face_finder": source_of(finder),
        "samples": coverage.samples,
        "cropped": coverage.cropped,
        "crops": coverage.crops,
        "frames": coverage.frames,
        "frames_with_face": coverage.frames_with_face,
        "absent_frames": coverage.absent_frames,
        "counts": {miss.value: coverage.count(miss) for miss in Miss},
        "missed": [*missed],
    }
    return CommandResult("\n".join(lines), (entry,))
