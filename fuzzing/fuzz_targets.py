"""Define the fuzzed readers of untrusted files, their valid seed inputs, and the errors they may raise."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detectors import DetectorError
from forensics.corpus import Corpus, Label, Sample, Slice, Split, load_masks, read_attributes, save_masks
from forensics.corpus.importers import find_layout
from forensics.errors import ForensicsError
from forensics.evaluation import EvaluationError, read_scores
from forensics.evaluation.external_scores import read_foreign
from forensics.faces import Faces
from forensics.storage.toml_settings import overlay
from forensics.training.run_settings import TrainingRun, read_run
from generator import DriveSequence, GeneratorError
from generator.avatars import render, sample_avatar, sample_motion
from generator.training.config import TrainConfig
from watermark import (
    Claim,
    Deployment,
    Payload,
    PayloadKind,
    WatermarkError,
    encode_clip,
    encode_still,
    mark,
    open_clip,
    read_media,
    read_statement,
    seal,
    sign_statement,
)
from watermark.credential.cbor import decode
from watermark.credential.credential import read_credential
from watermark.credential.embedded_manifest import LayoutError, manifest_store
from watermark.credential.layout import active_part, check_layout
from watermark.media.containers import Container, sniff

REFUSALS = (WatermarkError, ForensicsError, GeneratorError, DetectorError, EvaluationError, OSError)
"""Errors that a reader may raise: each names the file and what to do; MemoryError is that of the limit."""

_BETWEEN = b"\xff<member>\xff"


@dataclass(frozen=True, slots=True)
class Target:
    """A reader to fuzz.

    Attributes:
        name: Name of the reader.
        seeds: Valid inputs.
        read: Function that passes a file with the input to the reader.
        suffix: Suffix of that file.
        mended: Function that repairs checksums of an input, so that changes pass them.
        refusals: Errors that the reader may raise.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    suffix: str
    mended: Callable[[bytes], bytes] = bytes
    refusals: tuple[type[Exception], ...] = REFUSALS

    def run(self, data: bytes, folder: Path) -> None:
        """Run the reader on an input.

        Raises:
            Exception: An error that the reader may not raise.
        """
        path = folder / f"input{self.suffix}"
        path.write_bytes(self.mended(data))
        with suppress(*self.refusals, MemoryError):
            self.read(path)


def _picture() -> np.ndarray:
    avatar = sample_avatar(3, "cartoon")
    return render(avatar, avatar.params(), 128).picture[:96, :64].copy()


def _written(*suffixes: str) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"seed{suffix}" for suffix in suffixes]
        for path in paths:
            encode_still(_picture(), path)
        return [path.read_bytes() for path in paths]


def _clips() -> list[bytes]:
    frames = np.stack([np.roll(_picture(), 3 * number, axis=1) for number in range(5)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.mp4"
        encode_clip(frames, path, 25)
        matroska = Path(folder) / "seed.mkv"
        _remux(path, matroska)
        return [path.read_bytes(), matroska.read_bytes()]


def _remux(source: Path, target: Path) -> None:
    import av

    with av.open(str(source)) as before, av.open(str(target), "w", format="matroska") as after:
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(before.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)


_home = tempfile.TemporaryDirectory(prefix="facetrail-fuzz-")


def _deployment() -> Deployment:
    return Deployment.open(Path(_home.name))


def _sealed() -> list[bytes]:
    deployment, rng = _deployment(), np.random.default_rng(4)
    avatar = sample_avatar(4, "cartoon")
    picture = render(avatar, avatar.params(), 256).picture
    found = []
    for suffix in (".png", ".jpg", ".mp4"):
        payload = Payload.random(rng, PayloadKind.GENERATED)
        frames = np.stack([picture] * 2) if suffix == ".mp4" else picture
        path = Path(_home.name) / f"sealed{suffix}"
        path.unlink(missing_ok=True)
        marked = mark(frames, payload, deployment.mark_key)
        seal(marked, path, Claim(payload, "fuzz", "fuzz", "0"), deployment, fps=25 if suffix == ".mp4" else None)
        found.append(path.read_bytes())
    return found


def _read_picture(path: Path) -> None:
    read_media(path)


def _read_clip(path: Path) -> None:
    clip = open_clip(path)
    clip.sample(4)
    clip.take([clip.frame_count - 1, 0])
    for _, _frame in zip(range(8), clip.frames(), strict=False):
        pass


def _read_credential(path: Path) -> None:
    deployment = _deployment()
    read_credential(path, deployment.trust, deployment.store)


def _read_store(path: Path) -> None:
    """Read the manifest store with the strict reader, which needs no valid signature."""
    container = sniff(path)
    check_layout(path, container, {})
    if container in (Container.PNG, Container.JPEG, Container.MP4):
        active_part(manifest_store(path.read_bytes(), container))


def _cbor_seeds() -> list[bytes]:
    return [
        bytes.fromhex("a26161016162820203"),
        bytes.fromhex("d28443a10126a1637061644a000000000000000000004040"),
        b"\x00",
    ]


def _motion_seeds() -> list[bytes]:
    avatar = sample_avatar(5, "flat")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.npz"
        sample_motion(np.random.default_rng(5), avatar.shape.values, 3).save(path)
        return [unzipped(path.read_bytes())]


def unzipped(data: bytes) -> bytes:
    """Concatenate the members of an archive, so that changes pass their checksums."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _BETWEEN.join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())


def zipped(data: bytes) -> bytes:
    """Write members back to an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, member in enumerate(data.split(_BETWEEN)[:20]):
            name, _, body = member.partition(b"\n")
            archive.writestr(zipfile.ZipInfo(name.decode("latin-1").replace("\0", "") or f"{number}.npy"), body)
    return packed.getvalue()


def with_checksums(data: bytes) -> bytes:
    """Repair the checksums of a PNG's chunks; leave other files unchanged."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return data
    out, at = bytearray(data), 8
    while at + 12 <= len(out):
        size = int.from_bytes(out[at : at + 4], "big")
        if at + 12 + size > len(out):
            break
        out[at + 8 + size : at + 12 + size] = struct.pack(">I", zlib.crc32(out[at + 4 : at + 8 + size]))
        at += 12 + size
    return bytes(out)


def _samples() -> list[Sample]:
    plain: dict[str, object] = dict(
        path="media/a.png", sha256="0" * 64, split=Split.TRAIN, source_id="p000", drive_id="p000-m0", style="toon",
        slice=Slice.MAIN, seed=1, frames=1, fps=None, width=64, height=64, mark_id=None, landmarks=None,
        landmarks_sha256=None,
    )  # fmt: skip
    return [
        Sample(id="a", label=Label.GENUINE, method="avatar", identities=("p000",), **plain),  # type: ignore[arg-type]
        Sample(id="b", label=Label.FORGED, method="x", identities=("p000", "p001"), **plain),  # type: ignore[arg-type]
    ]


def _manifest_seeds() -> list[bytes]:
    return ["\n".join(sample.to_json() for sample in _samples()).encode()]


def _read_corpus(path: Path) -> None:
    root = path.parent / "corpus"
    root.mkdir(exist_ok=True)
    path.replace(root / "manifest.jsonl")
    Corpus.load(root)


def _list(layout: str, place: str) -> Callable[[Path], None]:
    """Return a function that passes an input to an importer as the list of the data set's files."""

    def read(path: Path) -> None:
        root = path.parent / layout
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        find_layout(layout, root).read(root)

    return read


def _deepfakebench_seeds() -> list[bytes]:
    video = {"label": "FF-real", "frames": ["FaceForensics++/a/frames/000/000.png"]}
    splits = {split: {"c23": {"000": video}} for split in ("train", "val", "test")}
    return [json.dumps({"FaceForensics++": {"FF-real": splits, "FF-DF": splits}}).encode()]


def _toml_seeds() -> list[bytes]:
    folder = Path(__file__).parents[1] / "configs"
    return [path.read_bytes() for path in sorted(folder.glob("*.toml"))]


def _training_seeds() -> list[bytes]:
    run = b'detector = "cpu"\ntraining_source = "forged"\nper_clip = 4\n'
    return [run + b"[config]\nepochs = 3\nlearning_rate = 1e-3\nseed = 1\n"]


def _sidecar_seeds() -> list[bytes]:
    return _saved(Faces(np.arange(2), np.zeros((2, 4), np.float32), np.zeros((2, 68, 2), np.float32)).save)


def _mask_seeds() -> list[bytes]:
    return _saved(lambda path: save_masks(np.ones((2, 8, 8), dtype=np.bool_), path))


def _saved(save: Callable[[Path], object]) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.npz"
        save(path)
        return [unzipped(path.read_bytes())]


def _score_seeds() -> list[bytes]:
    return [
        b"video,identity,label,score,frame,method,group,covered,attribute.age\na,p1,0,0.25,0,x,main,1,old\n"
        b'b,p1+p2,1,7.5e-1,1,x,main,1,"young, very"\n',
        b"path;target;prob\nx/a_1.png;1;0.9\nx/b_2.png;0;0.1\n",
    ]


def _score_json_seeds() -> list[bytes]:
    return [
        b'[{"video": "a", "label": 1, "score": 0.5}, {"video": "b", "label": 0, "score": 0.25}]',
        b'{"video": ["a", "b"], "label": [0, 1], "score": [0.1, 0.9]}',
        b'{"set": {"a": {"label": 0, "score": [0.1, 0.2]}, "b": {"label": 1, "score": [0.9]}}}',
    ]


def _read_every_score(path: Path) -> None:
    for reader in (read_scores, read_foreign, read_attributes):
        try:
            reader(path)
        except REFUSALS:
            continue


def _statement_seeds() -> list[bytes]:
    return [sign_statement(b'{"kind": "fuzz"}', _deployment().identity).encode()]


def _read_statement(path: Path) -> None:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return
    read_statement(text, _deployment().trust)


def _npz_scores() -> list[bytes]:
    packed = io.BytesIO()
    np.savez(packed, video=np.array(["a", "b"]), label=np.array([0, 1]), score=np.array([0.5, 0.25]))
    return [unzipped(packed.getvalue())]


def _targets() -> Iterator[Target]:
    yield Target("image", lambda: _written(".png", ".jpg", ".webp", ".tif", ".avif"), _read_picture, "", with_checksums)
    yield Target("video", _clips, _read_clip, "")
    yield Target("credential", _sealed, _read_credential, "", with_checksums)
    yield Target("manifest layout", _sealed, _read_store, "", with_checksums, (*REFUSALS, LayoutError))
    yield Target("cbor", _cbor_seeds, lambda path: decode(path.read_bytes()), "", refusals=(ValueError,))
    yield Target("motion", _motion_seeds, DriveSequence.load, ".npz", zipped)
    yield Target("corpus manifest", _manifest_seeds, _read_corpus, ".jsonl")
    yield Target("deepfakebench list", _deepfakebench_seeds, _list("deepfakebench", "list.json"), ".json")
    yield Target(
        "dfdc list",
        lambda: [json.dumps({"a.mp4": {"label": "FAKE", "original": "b.mp4", "split": "train"}}).encode()],
        _list("dfdc", "metadata.json"),
        ".json",
    )
    yield Target("toml", _toml_seeds, lambda path: overlay(path, TrainConfig()), ".toml")
    yield Target("training toml", _training_seeds, lambda path: read_run(path, TrainingRun()), ".toml")
    yield Target("faces sidecar", _sidecar_seeds, Faces.load, ".npz", zipped)
    yield Target("masks", _mask_seeds, load_masks, ".npz", zipped)
    yield Target("scores csv", _score_seeds, _read_every_score, ".csv")
    yield Target("scores json", _score_json_seeds, read_foreign, ".json")
    yield Target("scores npz", _npz_scores, read_foreign, ".npz", zipped)
    yield Target("statement", _statement_seeds, _read_statement, ".json")


TARGETS = {target.name: target for target in _targets()}
