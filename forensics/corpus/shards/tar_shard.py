"""Write one WebDataset shard: a plain tar file, with the same bytes for the same samples.

A sample consists of `KEY.json` (its line of the manifest), `KEY.cls` (0 genuine, 1 forged), its media `KEY.mp4`,
`KEY.jpg`, … or `KEY.frame-00000.png`, …, and where they exist `KEY.faces.npz` (sidecar) and `KEY.mask.npz`. For other
readers, `KEY.faces.json` and `KEY.mask-00000.png`, … repeat those two in common formats.
"""

from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from forensics.corpus.manifest import Corpus
from forensics.corpus.masks import Mask, mask_frames, mask_picture, mask_place
from forensics.corpus.sample import Label, Sample, folder_hash
from forensics.errors import CorpusError
from forensics.storage.json_records import parse_json, write_json

from .planning import Packed, ShardPlan

MOST_BYTES = 8**11 - 1
"""Largest size of one file in plain tar."""


def write_tar(corpus: Corpus, plan: ShardPlan, path: Path) -> None:
    """Write one shard.

    Args:
        corpus: The corpus of the samples.
        plan: The samples to write.
        path: The file.

    Raises:
        CorpusError: A file is missing, too large for tar, or not the one that the manifest describes.
    """
    with tarfile.open(path, "w:", format=tarfile.USTAR_FORMAT) as tar:
        for packed in plan.packed:
            check_media(corpus, packed.sample)
            _add(tar, f"{packed.key}.json", _about(corpus, packed))
            _add(tar, f"{packed.key}.cls", str(int(packed.sample.label is Label.FORGED)).encode())
            for suffix, source in files_of(corpus, packed.sample):
                _add_file(tar, f"{packed.key}.{suffix}", source)
            for suffix, content in _readable(corpus, packed.sample):
                _add(tar, f"{packed.key}.{suffix}", content)


def _readable(corpus: Corpus, sample: Sample) -> Iterator[tuple[str, bytes]]:
    """Yield sidecar and mask in common formats; what is unpacked is read from the originals alone."""
    if sample.landmarks is not None:
        faces = faces_of(corpus.root / sample.landmarks)
        yield "faces.json", write_json({name: values.tolist() for name, values in faces.items()}).encode()
    for number, mask in enumerate(masks_of(corpus, sample)):
        yield f"mask-{number:05d}.png", mask_picture(mask)


def faces_of(path: Path) -> dict[str, NDArray[Any]]:
    """Read a sidecar: `frames` (N,), `boxes` (N, 4) and `landmarks` (N, 68, 2).

    Raises:
        CorpusError: The file is missing or is no sidecar.
    """
    from watermark import read_arrays

    try:
        arrays = read_arrays(path)
        return {name: arrays[name] for name in ("frames", "boxes", "landmarks")}
    except (OSError, KeyError, ValueError) as error:
        raise CorpusError(f"{path} is no sidecar ({error}); build the corpus again", path) from error


def masks_of(corpus: Corpus, sample: Sample) -> Iterator[Mask]:
    """Yield the mask (H, W) of each frame of a sample; nothing where it has no mask.

    Raises:
        CorpusError: The mask is missing or damaged.
    """
    place = mask_place(corpus, sample)
    if place is not None:
        yield from itertools.islice(mask_frames(place), sample.frames)


def files_of(corpus: Corpus, sample: Sample) -> Iterator[tuple[str, Path]]:
    """Yield the files of a sample that are exported, each with its suffix in a shard.

    A mask that is a folder of pictures is left out; its pictures are in the shard for other readers only.
    """
    if sample.files:
        for number, file in enumerate(corpus.files(sample)):
            yield f"frame-{number:05d}{file.suffix.lower()}", file
    else:
        file = corpus.file(sample)
        yield file.suffix.lower().removeprefix(".") or "bin", file
    if sample.landmarks is not None:
        yield "faces.npz", corpus.root / sample.landmarks
    mask = mask_of(corpus, sample)
    if mask is not None:
        yield f"mask{mask.suffix.lower()}", mask


def mask_of(corpus: Corpus, sample: Sample) -> Path | None:
    """Return the path of a sample's mask, or None where it has no mask that is one file."""
    mask = mask_place(corpus, sample)
    return mask if mask is not None and mask.is_file() else None


def check_media(corpus: Corpus, sample: Sample) -> None:
    """Check that a sample's media is what the manifest describes.

    Raises:
        CorpusError: A file is missing or changed.
    """
    path = corpus.file(sample)
    try:
        same = folder_hash(path, sample.files) == sample.sha256
    except FileNotFoundError:
        raise CorpusError(f"{path} is missing; `facetrail corpus check` says what else is", path) from None
    if not same:
        raise CorpusError(f"{path} is not the file the manifest describes; see `facetrail corpus check`", path)


def travelling(corpus: Corpus, packed: Packed) -> Sample:
    """Return a sample as it is unpacked: in the three folders of a corpus, whatever folder it lies in here."""
    sample, key = packed.sample, packed.key
    mask = mask_of(corpus, sample)
    return replace(
        sample,
        place="",
        path=_inside("media", "" if sample.place else sample.path, f"{sample.label}/{key}", corpus.file(sample)),
        landmarks=sample.landmarks and _inside("faces", sample.landmarks, key, Path(sample.landmarks)),
        mask=None if mask is None else _inside("masks", "" if sample.place else sample.mask or "", key, mask),
    )


def _inside(folder: str, path: str, name: str, file: Path) -> str:
    """Return a path that lies in a folder, or a new one for a file that lies elsewhere."""
    return path if path.startswith(f"{folder}/") else f"{folder}/{name}{file.suffix.lower()}"


def _about(corpus: Corpus, packed: Packed) -> bytes:
    sample = travelling(corpus, packed)
    record = {"number": packed.number, "pair": sample.pair, "sample": parse_json(sample.to_json())}
    return write_json(record).encode()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_member(name, len(content)), io.BytesIO(content))


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise CorpusError(f"{path}: has {size} bytes, more than the {MOST_BYTES} that a shard can hold; cut it", path)
    with path.open("rb") as file:
        tar.addfile(_member(name, size), file)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)  # no time and no owner, so that the same samples produce the same bytes
    member.size = size
    return member
