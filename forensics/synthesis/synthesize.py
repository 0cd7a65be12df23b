"""Build a synthetic corpus, sample by sample; an interrupted run continues where it stopped."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from forensics.corpus import Corpus, Sample, save_masks, write_manifest
from forensics.execution.progress import Report, silent
from forensics.execution.workers import SERIAL, Work, WorkerConfig, open_pool
from forensics.storage.files import append_line, locked, write_whole
from watermark import Deployment, file_hash

from .filming import at_rest, film, find_truth, ground_truth, sample_drive, source_of, source_still
from .forgeries import Edited, Footage
from .journal import JOURNAL, is_whole, keep_recipe, made_before
from .methods import GENERATED, WHOLE_AVATAR, find_method
from .plan import Making, PlannedSample, SynthesisConfig, plan_corpus
from .rendering import Forger, edit, encode_genuine, seal_control, seal_edit

_LOG = logging.getLogger(__name__)

Take = tuple[PlannedSample, ...]
"""Samples that are made together because they share their footage, which is filmed once."""


def synthesize(
    root: Path,
    config: SynthesisConfig,
    forger: Forger,
    deployment: Deployment,
    report: Report = silent,
    *,
    worker_config: WorkerConfig = SERIAL,
) -> Corpus:
    """Build the missing samples of a synthetic corpus.

    The same recipe produces the same frames and the same manifest on any number of workers. Only the hashes of sealed
    files differ between runs, because their signatures differ.

    Args:
        root: The corpus folder; it is created where it is missing.
        config: Settings of the corpus.
        forger: Forger of the generated samples.
        deployment: The deployment whose mark and signature the forged files carry.
        report: Progress callback.
        worker_config: Configuration of the worker pool.

    Raises:
        BusyError: Another process is writing this corpus.
        CorpusError: The folder contains a corpus of another recipe.
    """
    plan, deployment = plan_corpus(config), replace(deployment, discreet=True)  # size shall not tell the class
    with locked(root):
        keep_recipe(root, json.dumps({"method": forger.method, **asdict(config)}, indent=1, sort_keys=True) + "\n")
        made = made_before(root)
        wanted = [one for one in plan if one.id not in made or not is_whole(root, made[one.id])]
        takes = _takes(wanted)
        done = len(plan) - len(wanted)
        _LOG.info("corpus %s: %d of %d samples are there, %d are to be made", root, done, len(plan), len(wanted))
        with open_pool(worker_config if wanted else SERIAL, partial(_studio, root, config, forger, deployment)) as pool:
            for place, samples in pool.work(takes, ordered=False):
                for sample in samples:
                    append_line(root / JOURNAL, sample.to_json())
                    made[sample.id] = sample
                    done += 1
                    _LOG.debug("made sample %s, %d of %d", sample.id, done, len(plan))
                report(done / len(plan), _note(takes[place]))
        complete = tuple(made[planned.id] for planned in plan)
        write_manifest(root, complete)
        (root / JOURNAL).unlink(missing_ok=True)
    _LOG.info("synthesised corpus %s with %d samples, %d of them in this run", root, len(complete), len(wanted))
    return Corpus(root, complete)


def _takes(wanted: Sequence[PlannedSample]) -> list[Take]:
    """Return the samples in groups of one footage, the genuine one first, because the others open its file."""
    takes: dict[tuple[str, bool], list[PlannedSample]] = {}
    for planned in wanted:
        takes.setdefault((planned.genuine, _is_generated(planned)), []).append(planned)
    return [tuple(take) for take in takes.values()]


def _is_generated(planned: PlannedSample) -> bool:
    return planned.making is Making.FORGE and find_method(planned.method).generator


@contextmanager
def _studio(
    root: Path, config: SynthesisConfig, forger: Forger, deployment: Deployment
) -> Iterator[Work[Take, tuple[Sample, ...]]]:
    yield lambda take, report: make_take(root, config, take, forger, deployment)


def make_take(
    root: Path, config: SynthesisConfig, take: Take, forger: Forger, deployment: Deployment
) -> tuple[Sample, ...]:
    """Build samples of one footage: their files, their sidecars and their lines in the manifest.

    Args:
        root: The corpus folder.
        config: The corpus' settings.
        take: Planned samples that share a genuine file, which is there or comes first.
        forger: Forger of the generated samples.
        deployment: The deployment whose mark and signature forged samples carry.
    """
    made, footage = [], None
    for planned in take:
        avatar, played = ground_truth(config, planned)
        if _is_generated(planned) or planned.method == "mesh-warp":
            shown = Footage(np.empty((0, 0, 0, 3), np.uint8), find_truth(avatar, played, config.size))
        else:
            footage = shown = footage or film(avatar, played, config.size)
        made.append(_make_sample(root, config, planned, shown, avatar.style, forger, deployment))
    return tuple(made)


def _make_sample(
    root: Path,
    config: SynthesisConfig,
    planned: PlannedSample,
    footage: Footage,
    style: str,
    forger: Forger,
    deployment: Deployment,
) -> Sample:
    path, sidecar = root / planned.path, root / planned.sidecar
    for folder in (path.parent, sidecar.parent):
        folder.mkdir(parents=True, exist_ok=True)
    mark_id, edited = _write(root, config, planned, footage, forger, deployment)
    write_whole(sidecar, footage.faces.save)
    method = find_method(planned.method) if planned.method else None
    look = identity(planned.source)
    if planned.method == WHOLE_AVATAR:
        look = f"{look}-m{planned.motion}-nobody"
    return Sample(
        id=planned.id,
        path=planned.path,
        sha256=file_hash(path),
        label=planned.label,
        method="avatar" if method is None else forger.method if method.name == GENERATED else method.name,
        split=planned.split,
        identities=tuple(dict.fromkeys((look, identity(planned.drive)))),
        source_id=look,
        drive_id=f"{identity(planned.drive)}-m{planned.motion}",
        style=style,
        slice=planned.slice,
        seed=planned.seed,
        frames=len(footage.faces),
        fps=None if planned.is_still else config.fps,
        width=config.size,
        height=config.size,
        mark_id=mark_id,
        landmarks=planned.sidecar,
        landmarks_sha256=file_hash(sidecar),
        original=None if method is None or method.generator else identity(planned.actor),
        mask=None if edited is None or edited.masks is None else planned.mask,
        region=None if method is None else method.region,
        segments=() if edited is None else edited.segments(None if planned.is_still else config.fps),
    )


def identity(number: int) -> str:
    """Return the name of an identity of a synthetic corpus."""
    return f"p{number:03d}"


def _write(
    root: Path,
    config: SynthesisConfig,
    planned: PlannedSample,
    footage: Footage,
    forger: Forger,
    deployment: Deployment,
) -> tuple[str | None, Edited | None]:
    """Write a sample's media and mask; return the mark's id, and the edit where footage was edited."""
    path = root / planned.path
    match planned.making:
        case Making.RENDER:
            write_whole(path, lambda part: encode_genuine(footage, part, config, is_still=planned.is_still))
            return None, None
        case Making.CONTROL:
            genuine = root / planned.genuine
            return seal_control(footage, path, genuine, config, planned, deployment).payload.hex, None
        case Making.FORGE if _is_generated(planned):
            source = source_of(config, planned)
            drive = sample_drive(config, planned.drive, planned.motion, is_still=planned.is_still)
            clip = forger.forge(source_still(source, config.size), at_rest(source), drive, planned.seed)
            return clip.seal(path, deployment).payload.hex, None
        case Making.FORGE:
            edited = edit(config, planned, footage)
            if edited.masks is not None:
                save_masks(edited.masks, root / planned.mask)
            receipt = seal_edit(edited, path, root / planned.genuine, config, planned, deployment)
            return receipt.payload.hex, edited


def _note(take: Take) -> str:
    return "forging and sealing" if _is_generated(take[0]) else "filming, editing and sealing"
