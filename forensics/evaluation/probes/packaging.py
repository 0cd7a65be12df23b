"""Read properties of a file without looking at a face: container, codec, sizes, rates, quantisation tables."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.corpus import Corpus, Format, Sample, probe_format
from forensics.errors import CorpusError
from watermark import MediaError, demuxed

Value = float | str | None

PACKAGING = ("container", "codec", "picture", "fps", "length")
STREAM = (
    "codec", "width", "height", "fps", "frames", "coded_bytes_per_pixel", "bitrate",
    "luma_table", "chroma_table", "quality", "tables",
)  # fmt: skip
EVERYTHING = (*STREAM, "container", "bytes_per_pixel", "duration")

_APPLICATION = (*range(0xE0, 0xF0), 0xFE)
_BARE = (0x01, *range(0xD0, 0xD9))
_CATEGORIES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Features of many files, ready for boosted trees.

    Attributes:
        values: (N, D), categories as integers, NaN where unknown.
        categorical: (D,) whether each column is a category.
    """

    values: NDArray[np.float64]
    categorical: NDArray[np.bool_]


def describe_file(corpus: Corpus, sample: Sample) -> Mapping[str, Value]:
    """Read the packaging of a sample.

    Args:
        corpus: The corpus of the sample.
        sample: The sample; a folder of frames is described by its first frame and the sizes of all frames.

    Raises:
        CorpusError: The sample cannot be opened.
    """
    files = corpus.files(sample)
    found = probe_format(files[0])
    pixels = max(1, found.width * found.height * max(1, sample.frames))
    try:
        size = sum(path.stat().st_size for path in files)
        coded, tables = _coded_clip(files[0]) if found.fps else _coded_still(files, found)
    except (OSError, ValueError, struct.error) as error:
        raise CorpusError(f"{files[0]} cannot be read: {error}", files[0]) from error
    duration = sample.frames / found.fps if found.fps else None
    return {
        "container": found.container,
        "codec": found.codec,
        "picture": f"{found.width}x{found.height}",
        "width": float(found.width),
        "height": float(found.height),
        "fps": found.fps,
        "frames": float(sample.frames),
        "length": "still" if sample.is_still else f"{np.log2(sample.frames):.0f}",
        "duration": duration,
        "bytes_per_pixel": size / pixels,
        "coded_bytes_per_pixel": None if coded is None else coded / pixels,
        "bitrate": None if coded is None or not duration else 8 * coded / duration,
        **tables,
    }


def columns_of(rows: Sequence[Mapping[str, Value]], names: Sequence[str]) -> Columns:
    """Return some features of files as columns; rare categories beyond two hundred count as unknown."""
    columns, categorical = [], []
    for name in names:
        cells = [row.get(name) for row in rows]
        texts = [cell for cell in cells if isinstance(cell, str)]
        categorical.append(bool(texts))
        kinds, counts = np.unique(texts, return_counts=True) if texts else (np.array([]), np.array([]))
        kept = [str(kind) for kind in kinds[np.argsort(-counts, kind="stable")][:_CATEGORIES]]
        code = {kind: float(number) for number, kind in enumerate(kept)}
        columns.append(
            [code.get(cell, np.nan) if isinstance(cell, str) else np.nan if cell is None else cell for cell in cells]
        )
    return Columns(np.array(columns, dtype=np.float64).T, np.array(categorical, dtype=np.bool_))


def _coded_clip(path: Path) -> tuple[float, dict[str, Value]]:
    """Sum the sizes of the video's packets, without container and metadata."""
    try:
        with demuxed(path) as container:
            stream = container.streams.video[0]
            return float(sum(packet.size for packet in container.demux(stream))), {}
    except MediaError as error:
        raise ValueError(str(error)) from error


def _coded_still(files: Sequence[Path], found: Format) -> tuple[float | None, dict[str, Value]]:
    from PIL import Image

    tables: dict[str, Value] = {}
    with Image.open(files[0]) as image:
        quantisation: Mapping[int, Sequence[int]] = getattr(image, "quantization", None) or {}
    if quantisation:
        means = [float(np.mean(table)) for _, table in sorted(quantisation.items())]
        tables = {
            "luma_table": means[0],
            "chroma_table": means[1] if len(means) > 1 else None,
            "quality": _quality(means[0]),
            "tables": str(hash_of(quantisation)),
        }
    reader = {"JPEG": _jpeg_coded, "PNG": _png_coded}.get(found.container)
    return (None if reader is None else float(sum(reader(path.read_bytes()) for path in files))), tables


def hash_of(tables: Mapping[int, Sequence[int]]) -> str:
    """Return a hash that names a set of quantisation tables."""
    import hashlib

    return hashlib.sha256(repr(sorted((key, list(table)) for key, table in tables.items())).encode()).hexdigest()[:12]


def _quality(mean: float) -> float:
    """Estimate the libjpeg quality from the mean of the luma table, whose mean is 57.6 at quality 50."""
    scale = mean / 57.625 * 100
    return 5000 / scale if scale > 100 else (200 - scale) / 2


def _jpeg_coded(data: bytes) -> int:
    """Count the bytes of a JPEG without its application segments and comments (ITU-T T.81, B.1.1.4)."""
    skipped = sum(length for marker, length in _jpeg_segments(data) if marker in _APPLICATION)
    return len(data) - skipped


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and length (with the marker) of the segments before the first scan."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _BARE or marker == 0xFF:
            place += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        yield marker, length + 2
        if marker == 0xDA:
            return
        place += length + 2


def _png_coded(data: bytes) -> int:
    """Count the bytes of a PNG's IDAT chunks."""
    place, total = 8, 0
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        total += length if kind == b"IDAT" else 0
        place += length + 12
    return total
