"""Write Parquet with pyarrow: the manifest in columns, and data files that the `datasets` library loads with media.

The same rows produce the same bytes with the same version of pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from forensics.corpus.manifest import Corpus
from forensics.corpus.masks import mask_picture
from forensics.corpus.sample import Label, Sample
from forensics.corpus.segments import Segment
from forensics.errors import MissingPieceError

from .planning import Packed, ShardPlan
from .tar_shard import check_media, faces_of, masks_of

Item = TypeVar("Item")

_ROWS = 20_000
"""Rows of a manifest that are kept in memory at once and form a row group."""

_BYTES = 32 << 20
"""Bytes of media that are kept in memory at once and form a row group."""

_COLUMNS: Mapping[object, str] = {
    int: "int64",
    float: "double",
    tuple[str, ...]: "list<string>",
    tuple[Segment, ...]: "list<list<double>>",
}

_RENAMED = {"video": "video_name"}
"""Columns that are renamed because their names are needed for the media."""

_CONTENTS = ("mask", "landmarks", "landmarks_sha256")
"""Fields of a sample that name files; a data file has their content instead."""

LABELS = tuple(label.value for label in Label)


def columns() -> dict[str, str]:
    """Return the columns of a Parquet manifest with their Arrow types: a sample's fields, then its shard and key."""
    hints = get_type_hints(Sample)
    found = {field.name: _COLUMNS.get(_plain(hints[field.name]), "string") for field in fields(Sample)}
    return {**found, "shard": "string", "key": "string"}


def write_manifest_parquet(path: Path, rows: Iterable[tuple[Sample, str | None, str | None]]) -> None:
    """Write a manifest as Parquet.

    Args:
        path: The file.
        rows: Samples, each with its shard and key, or None where it is in no shard.

    Raises:
        MissingPieceError: pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    schema = pyarrow.schema([(name, _type(pyarrow, kind)) for name, kind in columns().items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for some in _batches(rows, lambda row: 1, _ROWS):
            writer.write_table(pyarrow.Table.from_pylist([_row(*row) for row in some], schema))


def write_data_parquet(corpus: Corpus, plan: ShardPlan, path: Path) -> None:
    """Write samples of one kind with their media as `datasets` stores pictures and videos: bytes and name.

    Args:
        corpus: The corpus of the samples.
        plan: The samples to write: stills, or clips.
        path: The file.

    Raises:
        CorpusError: A file is missing or not the one that the manifest describes.
        MissingPieceError: pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    media = "image" if plan.packed[0].sample.is_still else "video"
    schema = _data_schema(pyarrow, media)
    with parquet.ParquetWriter(path, schema, compression="none") as writer:
        for some in _batches(plan.packed, lambda one: corpus.file(one.sample).stat().st_size, _BYTES):
            writer.write_table(pyarrow.Table.from_pylist([_data_row(corpus, one, media) for one in some], schema))


def _data_schema(pyarrow: Any, media: str) -> Any:  # noqa: ANN401
    """Return the columns in the terms of Arrow and of `datasets`, which reads them from the file's header."""
    apart = ("shard", "label", *_CONTENTS)
    bare = {_RENAMED.get(name, name): kind for name, kind in columns().items() if name not in apart}
    features: dict[str, object] = {
        media: {"_type": media.capitalize()},
        "label": {"names": LABELS, "_type": "ClassLabel"},
    }
    named = {"string": "string", "int64": "int64", "double": "float64"}
    for name, kind in bare.items():
        value = {"dtype": named.get(kind, "string"), "_type": "Value"}
        if kind == _COLUMNS[tuple[Segment, ...]]:
            seconds = {"dtype": "float64", "_type": "Value"}
            features[name] = {"feature": {"feature": seconds, "_type": "List"}, "_type": "List"}
        else:
            features[name] = {"feature": value, "_type": "List"} if kind.startswith("list") else value
    number = {"dtype": "float32", "_type": "Value"}
    features["mask"] = {"feature": {"_type": "Image"}, "_type": "List"}
    features["face_frames"] = {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"}
    features["face_boxes"] = {"feature": {"feature": number, "_type": "List"}, "_type": "List"}
    features["landmarks"] = {"feature": features["face_boxes"], "_type": "List"}
    stored = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    parts = [
        (media, stored),
        ("label", pyarrow.int64()),
        *((name, _type(pyarrow, kind)) for name, kind in bare.items()),
        ("mask", pyarrow.list_(stored)),
        ("face_frames", pyarrow.list_(pyarrow.int64())),
        ("face_boxes", pyarrow.list_(pyarrow.list_(pyarrow.float32()))),
        ("landmarks", pyarrow.list_(pyarrow.list_(pyarrow.list_(pyarrow.float32())))),
    ]
    return pyarrow.schema(parts, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _data_row(corpus: Corpus, packed: Packed, media: str) -> dict[str, object]:
    check_media(corpus, packed.sample)
    file = corpus.file(packed.sample)
    row = {_RENAMED.get(name, name): value for name, value in _row(packed.sample, None, packed.key).items()}
    return {
        **row,
        media: {"bytes": file.read_bytes(), "path": file.name},
        "label": LABELS.index(packed.sample.label),
        **_contents(corpus, packed.sample),
    }


def _contents(corpus: Corpus, sample: Sample) -> dict[str, object]:
    """Return masks as pictures, and faces as numbers, where the manifest has paths; None where a sample has none."""
    masks = [
        {"bytes": mask_picture(mask), "path": f"mask-{number:05d}.png"}
        for number, mask in enumerate(masks_of(corpus, sample))
    ]
    found = None if sample.landmarks is None else faces_of(corpus.root / sample.landmarks)
    return {
        "mask": masks or None,
        "face_frames": None if found is None else found["frames"].tolist(),
        "face_boxes": None if found is None else found["boxes"].tolist(),
        "landmarks": None if found is None else found["landmarks"].tolist(),
    }


def _row(sample: Sample, shard: str | None, key: str | None) -> dict[str, object]:
    return {field.name: getattr(sample, field.name) for field in fields(Sample)} | {"shard": shard, "key": key}


def _batches(rows: Iterable[Item], weight: Callable[[Item], int], most: int) -> Iterator[list[Item]]:
    held: list[Item] = []
    size = 0
    for row in rows:
        held.append(row)
        size += weight(row)
        if size >= most:
            yield held
            held, size = [], 0
    if held:
        yield held


def _plain(hint: object) -> object:
    """Return a type hint without its None."""
    choices = [choice for choice in get_args(hint) if choice is not type(None)]
    return choices[0] if type(None) in get_args(hint) else hint


def _type(pyarrow: Any, kind: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    known = {
        "int64": pyarrow.int64(),
        "double": pyarrow.float64(),
        "string": pyarrow.string(),
        "list<string>": pyarrow.list_(pyarrow.string()),
        "list<list<double>>": pyarrow.list_(pyarrow.list_(pyarrow.float64())),
    }
    return known[kind]


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingPieceError(
            f"Parquet needs the package {error.name}; get it with `pip install 'facetrail[shards]'`"
        ) from None
    return pyarrow, parquet
