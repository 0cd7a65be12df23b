"""Choose forgeries for the report and draw the pictures beside them: source, snapshot and truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forensics.corpus import Corpus, Sample, Split
from forensics.reporting import GalleryRow, Media
from forensics.synthesis.plan import Making, PlannedSample, SynthesisConfig, plan_corpus
from forensics.synthesis.rendering import ground_truth, make_puppet, render_clip, source_still
from generator import draw_snapshot, show_snapshot
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
    puppet, played = ground_truth(config, planned)
    stem = Path(FOLDER, planned.id)
    source, snapshot, truth = (Path(f"{stem}-{name}") for name in ("source.png", "snapshot.mp4", "truth.mp4"))
    encode_still(source_still(puppet, config.size), out / source)
    drawn = [show_snapshot(draw_snapshot(played[index], config.size)) for index in range(len(played))]
    encode_clip(np.stack(drawn), out / snapshot, config.fps)
    encode_clip(render_clip(puppet, played, config.size).frames, out / truth, config.fps)
    output = corpus.file(samples[planned.id]).relative_to(out).as_posix()
    drive = next(
        corpus.file(sample).relative_to(out).as_posix()
        for sample in corpus.samples
        if sample.id == f"{planned.split}-{planned.drive:03d}-m{planned.motion}"
    )
    style, other = puppet.style, make_puppet(config, planned.drive).style
    return GalleryRow(
        caption=f"A {style} puppet follows a {other} puppet",
        source=Media(source.as_posix(), f"{style} puppet, looking straight ahead"),
        drive=Media(drive, f"{other} puppet, moving"),
        snapshot=Media(snapshot.as_posix(), "normals of the source's head under the drive's motion"),
        output=Media(output, f"{style} puppet, animated by the generator"),
        truth=Media(truth.as_posix(), f"{style} puppet, drawn with the same motion"),
    )
