"""Shards that were cut off, changed, or made by a stranger: one clear line, and nothing outside the corpus folder."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.corpus import Corpus
from forensics.corpus.shards.exporting import Target, export_corpus
from forensics.corpus.shards.index import INDEX
from forensics.corpus.shards.unpacking import unpack_corpus
from forensics.errors import CorpusError

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def sound(tiny_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound") / "shards"
    export_corpus(tiny_corpus, out, Target.WEBDATASET)
    return out


@pytest.fixture
def export(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "export")
    return tmp_path / "export"


def refused(export: Path, words: str) -> None:
    root = export.parent / "inner" / "corpus"
    before = {path for path in export.parent.rglob("*") if root not in path.parents}
    with pytest.raises(CorpusError, match=words) as caught:
        unpack_corpus(export, root)
    assert "\n" not in str(caught.value)
    assert not (root / "manifest.jsonl").exists()
    after = {path for path in export.parent.rglob("*") if root not in path.parents} - {root, root.parent}
    assert after == before


def rewrite(export: Path, change: Callable[[Members], Members], *, format: int = tarfile.USTAR_FORMAT) -> None:
    """Do what a stranger can do: change a shard and the index with it, so that every digest fits."""
    path = export / "test-000000.tar"
    with tarfile.open(path) as tar:
        members = [(one, file.read()) for one in tar.getmembers() if (file := tar.extractfile(one)) is not None]
    with tarfile.open(path, "w:", format=format) as tar:
        for member, content in change(members):
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    agree(export)


def agree(export: Path) -> None:
    path = export / "test-000000.tar"
    index = json.loads((export / INDEX).read_text())
    (entry,) = (one for one in index["shards"] if one["name"] == path.name)
    entry |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (export / INDEX).write_text(json.dumps(index))


def renamed(name: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        members[-1][0].name = name
        return members

    return change


def edited(**changes: object) -> Callable[[Members], Members]:
    """Change what the first sample's JSON says of it."""

    def change(members: Members) -> Members:
        place = next(place for place, (one, _) in enumerate(members) if one.name.endswith(".json"))
        about = json.loads(members[place][1])
        about["sample"] |= changes
        members[place] = members[place][0], json.dumps(about).encode()
        return members

    return change


def typed(kind: bytes, target: str = "/etc/passwd") -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        members[-1][0].type, members[-1][0].linkname = kind, target
        return members

    return change


def test_a_sound_export_is_unpacked(export: Path, tmp_path: Path) -> None:
    rewrite(export, lambda members: members)
    assert unpack_corpus(export, tmp_path / "corpus")[0].samples


@pytest.mark.parametrize("kept", [0, 1, 511, 512, 5000, -1, -512, -10240])
def test_a_half_written_shard_is_refused_by_name(export: Path, kept: int) -> None:
    path = export / "test-000000.tar"
    path.write_bytes(path.read_bytes()[:kept])
    refused(export, r"test-000000\.tar: is half-written: \d+ of \d+ bytes; copy it again, or export again")


def test_a_half_written_shard_whose_index_agrees_is_no_sound_tar(export: Path) -> None:
    path = export / "test-000000.tar"
    path.write_bytes(path.read_bytes()[:5000])
    agree(export)
    refused(
        export,
        r"test-000000\.tar: is no sound tar|holds the files it names|not the file|does not hold|holds \d+ samples",
    )


def test_one_changed_byte_is_noticed(export: Path) -> None:
    path = export / "val-000000.tar"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(export, r"val-000000\.tar: is not the shard that index\.json describes")


def test_a_missing_shard_is_named(export: Path) -> None:
    (export / "val-000000.tar").unlink()
    refused(export, r"val-000000\.tar: is missing")


def test_an_export_that_never_ended_is_refused_with_the_way_on(export: Path) -> None:
    (export / INDEX).unlink()
    refused(export, r"is no finished export: index\.json is missing; run `facetrail corpus export` again")


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.mp4",
        "/evil.mp4",
        "000000000.a/../../evil",
        "..",
        "000000000",
        "x\n000000000.mp4",
        "C:\\evil.mp4",
        "",
    ],
)
def test_names_that_lead_elsewhere_are_refused(export: Path, name: str) -> None:
    rewrite(export, renamed(name))
    refused(export, r"test-000000\.tar: (member .* is not named KEY\.SUFFIX|is no sound tar|.*does not hold the files)")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_refused(export: Path, kind: bytes) -> None:
    rewrite(export, typed(kind))
    refused(export, r"is no plain file but a link or device")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "../../evil.mp4"}, "leaves the corpus folder"),
        ({"path": "/evil.mp4"}, "leaves the corpus folder"),
        ({"path": "manifest.jsonl"}, "outside of media/"),
        ({"path": "faces/x.mp4"}, "outside of media/"),
        ({"path": "media/..\\..\\evil.mp4"}, "outside of media/"),
        ({"landmarks": "media/x.npz"}, "outside of faces/"),
        ({"landmarks": None}, "does not hold the files it names"),
        ({"mask": "masks/none.npz"}, "does not hold the files it names"),
        ({"place": "elsewhere"}, "outside of media/"),
        ({"files": ["0.png", "1.png"]}, "does not hold the files it names"),
        ({"sha256": "0" * 64}, "is not the file its manifest describes"),
        ({"label": "perhaps"}, "JSON is not sound"),
        ({"surprise": 1}, "JSON is not sound"),
    ],
)
def test_a_manifest_that_names_what_it_may_not_is_refused(export: Path, changes: dict[str, object], words: str) -> None:
    rewrite(export, edited(**changes))
    refused(export, rf"test-000000\.tar: .*{words}")


def test_a_label_that_contradicts_itself_is_refused(export: Path) -> None:
    def change(members: Members) -> Members:
        return [(one, b"7" if one.name.endswith(".cls") else content) for one, content in members]

    rewrite(export, change)
    refused(export, "has two labels or none")


def test_a_member_that_stands_twice_and_a_lost_one_are_refused(export: Path) -> None:
    rewrite(export, lambda members: [members[0], *members])
    refused(export, "stands twice")


def test_two_samples_of_one_name_are_refused(export: Path) -> None:
    def change(members: Members) -> Members:
        keys = sorted({one.name.partition(".")[0] for one, _ in members})
        first = [(one, content) for one, content in members if one.name.startswith(keys[0])]
        again = []
        for one, content in first:
            twin = tarfile.TarInfo(f"{keys[-1]}.{one.name.partition('.')[2]}")
            again.append((twin, content))
        return [*((one, content) for one, content in members if not one.name.startswith(keys[-1])), *again]

    rewrite(export, change)
    refused(export, "two samples have the same path")


def test_a_header_that_announces_more_than_there_is_is_refused(export: Path) -> None:
    path = export / "test-000000.tar"
    with tarfile.open(path) as tar:
        last = tar.getmembers()[-1]
    data = bytearray(path.read_bytes())
    header = tarfile.TarInfo(last.name)
    header.size = 8**11 - 1
    data[last.offset : last.offset + 512] = header.tobuf(tarfile.USTAR_FORMAT)
    path.write_bytes(data)
    agree(export)
    refused(export, r"test-000000\.tar: ")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "x"}', '{"shards": 1}', "[" * 100_000])
def test_a_damaged_index_is_refused(export: Path, text: str) -> None:
    (export / INDEX).write_text(text)
    refused(export, "is no index of shards")


def test_an_index_that_names_files_elsewhere_is_refused(export: Path) -> None:
    index = json.loads((export / INDEX).read_text())
    index["shards"][0]["name"] = "../secret.tar"
    (export / INDEX).write_text(json.dumps(index))
    refused(export, r"'\.\./secret\.tar' is no name of a shard")


def test_a_link_in_the_folder_that_is_unpacked_into_is_not_followed(export: Path, tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "corpus"
    outside.mkdir()
    root.mkdir()
    (root / "media").symlink_to(outside)
    with pytest.raises(CorpusError, match="leads out of the corpus folder"):
        unpack_corpus(export, root)
    assert list(outside.iterdir()) == []
