"""Choose forgeries for the report and draw the pictures beside them: source, snapshot and truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.corpus import Corpus, Sample, Split
from forensics.reporting import GalleryRow, Media
from forensics.synthesis.filming import film, ground_truth, make_avatar, source_still
from forensics.synthesis.plan import Making, PlannedSample, SynthesisConfig, plan_corpus
from generator import DriveSequence
from generator.avatars import Avatar, frame_truth, head_geometry
from watermark import encode_clip, encode_still

FOLDER = "gallery"


def write_gallery(out: Path, corpus: Corpus, config: SynthesisConfig, count: int) -> tuple[GalleryRow, ...]:
    """Write the gallery: forged test clips of as many styles as possible. Outputs are the sealed files themselves.

    Args:
        out: The results folder; sources, snapshots and truths are written to `gallery` in it.
        corpus: A synthetic corpus inside that folder.
        config: Settings that it was made with.
        count: Number of forgeries.
    """
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    samples = {sample.id: sample for sample in corpus.samples}
    forged = [
        planned
        for planned in plan_corpus(config)
        if planned.making is Making.FORGE and planned.split is Split.TEST and not planned.is_still
    ]
    chosen = _by_style(forged, samples, count)
    return tuple(_hang(out, corpus, config, planned, samples) for planned in chosen)


def _by_style(forged: Sequence[PlannedSample], samples: dict[str, Sample], count: int) -> list[PlannedSample]:
    seen: dict[str, int] = {}
    ranked: list[tuple[int, PlannedSample]] = []
    for planned in forged:
        style = samples[planned.id].style
        seen[style] = seen.get(style, 0) + 1
        ranked.append((seen[style], planned))
    ranked.sort(key=lambda pair: pair[0])
    return [planned for _, planned in ranked[:count]]


def _hang(
    out: Path, corpus: Corpus, config: SynthesisConfig, planned: PlannedSample, samples: dict[str, Sample]
) -> GalleryRow:
    avatar, played = ground_truth(config, planned)
    stem = Path(FOLDER, planned.id)
    source, snapshot, truth = (Path(f"{stem}-{name}") for name in ("source.png", "snapshot.mp4", "truth.mp4"))
    encode_still(source_still(avatar, config.size), out / source)
    encode_clip(_draw_normals(avatar, played, config.size), out / snapshot, config.fps)
    encode_clip(film(avatar, played, config.size).frames, out / truth, config.fps)
    output = corpus.file(samples[planned.id]).relative_to(out).as_posix()
    drive = next(
        corpus.file(sample).relative_to(out).as_posix()
        for sample in corpus.samples
        if sample.id == f"{planned.split}-{planned.drive:03d}-m{planned.motion}"
    )
    style, other = avatar.style, make_avatar(config, planned.drive).style
    return GalleryRow(
        caption=f"{_article(style)} {style} avatar follows {_article(other).lower()} {other} one",
        source=Media(source.as_posix(), f"{style} avatar, looking straight ahead"),
        drive=Media(drive, f"{other} avatar, moving"),
        snapshot=Media(snapshot.as_posix(), "normals of the source's head under the drive's motion"),
        output=Media(output, f"{style} avatar, animated by the generator"),
        truth=Media(truth.as_posix(), f"{style} avatar, drawn with the same motion"),
    )


def _draw_normals(avatar: Avatar, played: DriveSequence, size: int) -> NDArray[np.uint8]:
    """Return pictures (T, size, size, 3) of the normals of an avatar's bare head under a motion."""
    drawn = []
    for index in range(len(played)):
        truth = frame_truth(head_geometry(avatar.model.body.neutral, played[index]), size, 1)
        drawn.append(np.where((truth.face >= 0)[..., None], 127.5 * (truth.normals + 1), 0).astype(np.uint8))
    return np.stack(drawn)


def _article(word: str) -> str:
    return "An" if word[0] in "aeiou" else "A"
