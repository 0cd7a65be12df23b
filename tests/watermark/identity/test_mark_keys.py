"""Test the rotation of mark keys: the newest marks, and all of them read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from watermark import (
    Claim,
    Deployment,
    IdentityError,
    Outcome,
    Payload,
    PayloadKind,
    SealError,
    encode_still,
    mark,
    mark_key_fingerprints,
    read_mark,
    read_provenance,
    seal,
    seal_file,
)
from watermark.identity.private_files import write_private
from watermark.mark import views
from watermark.resolution.resolution import match_content, read_bindings

OTHERS = tuple(bytes([number]) * 32 for number in (101, 102, 103))


@pytest.fixture
def own(tmp_path, key):
    (tmp_path / "home").mkdir()
    write_private(tmp_path / "home" / "mark.key", key)
    return Deployment.open(tmp_path / "home")


def test_marks_of_every_key_are_read_and_the_newest_marks(own, pictures):
    payloads = [Payload(number, PayloadKind.GENERATED) for number in range(3)]
    marked = []
    for payload in payloads:
        marked.append(mark(pictures["face"], payload, own.mark_key))
        own = own.rotate_mark_key()
    assert len(set(own.mark_keys)) == 4
    assert Deployment.open(own.folder).mark_keys == own.mark_keys
    for picture, payload in zip(marked, payloads, strict=True):
        reading = read_mark(picture, own.mark_keys)
        assert (reading.present, reading.id, reading.kind) == (True, payload.hex, payload.kind)
    newest = mark(pictures["face"], payloads[0], own.mark_key)
    assert read_mark(newest, own.mark_keys[0]).id == payloads[0].hex
    assert not any(read_mark(newest, key, search=0).present for key in own.mark_keys[1:])


def test_a_key_alone_reads_the_same_however_it_is_given(pictures, payload, key):
    for picture in (pictures["cat"], mark(pictures["cat"], payload, key)):
        assert read_mark(picture, (key,), search=0) == read_mark(picture, key, search=0)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_the_bound_counts_every_key_that_was_tried(pictures, payload, key, place):
    marked = mark(pictures["portrait"], payload, key)
    keys = (*OTHERS[:place], key, *OTHERS[place:])
    alone, among = read_mark(marked, key), read_mark(marked, keys)
    assert among.z == alone.z
    assert among.p_value == pytest.approx(4 * alone.p_value)


def test_the_picture_is_laid_over_the_tile_once_for_all_keys(pictures, key, monkeypatch):
    calls = []
    fold = views.folded_spectrum
    monkeypatch.setattr(views, "folded_spectrum", lambda *given: calls.append(1) or fold(*given))
    read_mark(pictures["cat"], key, search=0)
    once = len(calls)
    read_mark(pictures["cat"], (key, *OTHERS), search=0)
    assert len(calls) == 2 * once


def test_reading_without_a_key_or_with_a_short_one_is_refused(pictures):
    with pytest.raises(IdentityError, match="without a key"):
        read_mark(pictures["cat"], ())
    with pytest.raises(IdentityError, match="has 5 bytes, expected 32"):
        read_mark(pictures["cat"], (OTHERS[0], b"short"))


@pytest.mark.slow
def test_whatever_reads_marks_knows_the_earlier_keys(own, pictures, tmp_path):
    source, sealed, bare = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"
    encode_still(pictures["face"], source)
    seal_file(source, sealed, PayloadKind.GENERATED, own)
    with Image.open(sealed) as image:
        image.save(bare, pnginfo=None)
    for _ in range(2):
        own = own.rotate_mark_key()
    found = read_provenance(bare, own)
    assert (found.outcome, found.mark.ours) == (Outcome.RECOVERED_BY_MARK, True)
    (entry,) = own.store.find(found.mark.id)
    assert [match.manifest_id for match in match_content(read_bindings(bare, own), own.store)] == [entry.manifest_label]
    with pytest.raises(SealError, match=f"carries mark {found.mark.id} already"):
        seal_file(bare, tmp_path / "d.png", PayloadKind.CONTROL, own)
    assert not (tmp_path / "d.png").exists()


def test_what_was_marked_before_a_rotation_may_be_sealed_after_it(own, pictures, payload, tmp_path):
    marked = mark(pictures["face"], payload, own.mark_key)
    rotated = own.rotate_mark_key()
    seal(marked, tmp_path / "a.png", Claim(payload, "a", "facetrail test", "1"), rotated)
    assert read_provenance(tmp_path / "a.png", rotated).mark.ours


def test_a_rotation_keeps_the_file_private_and_its_earlier_keys(own):
    file = own.folder / "mark.key"
    before = file.read_bytes()
    rotated = own.rotate_mark_key()
    assert file.read_bytes() == before + rotated.mark_key
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in own.folder.iterdir()) == ["identity", "mark.key"]
    names = mark_key_fingerprints(own.folder)
    assert len(set(names)) == 2
    assert all(len(name) == 12 and name not in rotated.mark_key.hex() for name in names)
    assert rotated.mark_key.hex() not in repr(rotated)


def test_rotations_at_once_lose_no_key(own):
    def rotate(_):
        try:
            return own.rotate_mark_key().mark_key
        except IdentityError as error:
            assert "another rotation is under way" in str(error)
            return own.mark_key

    with ThreadPoolExecutor(8) as pool:
        made = {own.mark_key, *pool.map(rotate, range(40))}
    assert len(made) > 1
    assert set(Deployment.open(own.folder).mark_keys) == made


def test_a_rotation_that_was_cut_off_stops_the_next_one_and_no_reading(own):
    left = own.folder / "mark.key.next"
    left.write_bytes(b"")
    assert Deployment.open(own.folder).mark_keys == own.mark_keys
    with pytest.raises(IdentityError, match=r"mark\.key\.next: .* remove this file"):
        own.rotate_mark_key()
    left.unlink()
    assert len(own.rotate_mark_key().mark_keys) == 2


def test_a_rotation_that_fails_leaves_the_keys_as_they_were(own, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(IdentityError, match="No space left"):
        own.rotate_mark_key()
    assert Deployment.open(own.folder).mark_keys == own.mark_keys
    assert sorted(path.name for path in own.folder.iterdir()) == ["identity", "mark.key"]


@pytest.mark.parametrize(("content", "message"), [(b"", "has 0 bytes"), (bytes(40), "has 40 bytes, expected 32 for")])
def test_a_damaged_file_of_keys_is_refused_and_not_rotated(own, content, message):
    (own.folder / "mark.key").write_bytes(content)
    for use in (own.rotate_mark_key, lambda: Deployment.open(own.folder), lambda: mark_key_fingerprints(own.folder)):
        with pytest.raises(IdentityError, match=message):
            use()
    assert (own.folder / "mark.key").read_bytes() == content
    assert not (own.folder / "mark.key.next").exists()


def test_a_lost_file_of_keys_is_not_silently_made_anew_where_files_were_sealed(own, pictures, tmp_path):
    (own.folder / "mark.key").unlink()
    assert mark_key_fingerprints(own.folder) == ()
    own = Deployment.open(own.folder)
    encode_still(pictures["face"], tmp_path / "a.png")
    seal_file(tmp_path / "a.png", tmp_path / "b.png", PayloadKind.CONTROL, own)
    (own.folder / "mark.key").unlink()
    for use in (lambda: Deployment.open(own.folder), lambda: mark_key_fingerprints(own.folder)):
        with pytest.raises(IdentityError, match=r"mark\.key: is lost, and files were sealed here; restore it"):
            use()
    with pytest.raises(IdentityError, match="cannot be used"):
        own.rotate_mark_key()
    assert not (own.folder / "mark.key").exists()
