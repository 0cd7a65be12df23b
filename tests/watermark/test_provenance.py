from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from watermark import (
    CredentialState,
    Deployment,
    IdentityError,
    ManifestStore,
    MediaError,
    Outcome,
    StoreError,
    encode_clip,
    encode_still,
    mark,
    read_media,
    read_provenance,
)
from watermark.store.perceptual_hash import hash_distance, perceptual_hash

SUFFIXES = (".png", ".jpg", ".webp", ".avif", ".tif", ".mp4")


@pytest.fixture
def stranger(tmp_path):
    """Return another installation, which knows neither our root nor our store nor our key."""
    return Deployment.open(tmp_path / "stranger")


def test_an_altered_file_whose_pixels_are_gone_still_answers(sealed, deployment, tmp_path):
    data = bytearray(sealed[".png"].path.read_bytes())
    data[data.rindex(b"IDAT") + 40] ^= 255
    (tmp_path / "a.png").write_bytes(data)
    found = read_provenance(tmp_path / "a.png", deployment)
    assert (found.credential.state, found.mark) == (CredentialState.ALTERED, None)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_without_metadata_the_mark_recovers_the_credential(sealed, deployment, tmp_path, suffix):
    receipt = sealed[suffix]
    media = read_media(receipt.path)
    path = tmp_path / f"stripped{suffix}"
    if suffix == ".mp4":
        encode_clip(media.frames, path, 25, crf=18)
    else:
        encode_still(media.frames[0], path, quality=80)
    found = read_provenance(path, deployment)
    assert found.mark is not None
    assert (found.mark.ours, found.mark.id) == (True, receipt.payload.hex)
    credential = found.credential
    assert (credential.state, credential.recovered) == (CredentialState.RECOVERED_BY_MARK, True)
    assert credential.codes == ("org.facetrail.perceptualHash.match",)
    assert (credential.title, credential.source_type) == (f"face{suffix}", "trainedAlgorithmicMedia")
    assert credential.signer == receipt.credential.signer
    assert credential.perceptual_distance is not None
    assert credential.perceptual_distance <= 10


def test_a_mark_copied_into_another_picture_is_recovered_but_looks_different(sealed, deployment, pictures, tmp_path):
    copied = mark(pictures["coffee"], sealed[".png"].payload, deployment.mark_key)
    encode_still(copied, tmp_path / "copied.png")
    found = read_provenance(tmp_path / "copied.png", deployment)
    credential = found.credential
    assert credential.codes == ("org.facetrail.perceptualHash.mismatch",)
    assert credential.perceptual_distance is not None
    assert credential.perceptual_distance > 10
    assert found.mark.id == sealed[".png"].payload.hex
    assert not found.mark.ours  # the id alone proves nothing: ten pictures with one key are enough to copy a mark


def test_a_mirrored_copy_is_still_ours(sealed, deployment, tmp_path):
    picture = read_media(sealed[".png"].path).frames[0]
    encode_still(np.ascontiguousarray(picture[:, ::-1]), tmp_path / "mirrored.png")
    found = read_provenance(tmp_path / "mirrored.png", deployment)
    assert (found.mark.ours, found.outcome) == (True, Outcome.RECOVERED_BY_MARK)


def test_a_stored_manifest_that_was_tampered_with_confirms_nothing(sealed, deployment, tmp_path):
    receipt = sealed[".jpg"]
    (entry,) = deployment.store.find(receipt.payload.hex)
    forged = bytearray(entry.manifest)
    forged[forged.index(b"facetrail test") + 2] ^= 1
    store = ManifestStore(tmp_path / "s.sqlite3")
    encode_still(read_media(receipt.path).frames[0], tmp_path / "a.png")
    for manifest, ours in ((entry.manifest, True), (bytes(forged), False)):
        store.put(replace(entry, manifest=manifest))
        assert read_provenance(tmp_path / "a.png", replace(deployment, store=store)).mark.ours is ours


def test_a_stored_manifest_that_cannot_be_read_is_one_clear_line(sealed, deployment, tmp_path):
    receipt = sealed[".jpg"]
    (entry,) = deployment.store.find(receipt.payload.hex)
    store = ManifestStore(tmp_path / "s.sqlite3")
    store.put(replace(entry, manifest=b"no manifest"))
    encode_still(read_media(receipt.path).frames[0], tmp_path / "a.png")
    with pytest.raises(StoreError, match=r"stored manifest urn:c2pa:\S+ is damaged .* restore the manifest store"):
        read_provenance(tmp_path / "a.png", replace(deployment, store=store))


def test_outcomes_put_mark_and_credential_into_one_word(sealed, deployment, stranger, pictures, payload, tmp_path):
    path = sealed[".png"].path
    assert read_provenance(path, deployment).outcome is Outcome.TRUSTED
    assert read_provenance(path, stranger, search=0).outcome is Outcome.VALID_UNKNOWN_SIGNER
    encode_still(read_media(path).frames[0], tmp_path / "stripped.png")
    assert read_provenance(tmp_path / "stripped.png", deployment).outcome is Outcome.RECOVERED_BY_MARK
    empty = replace(deployment, store=ManifestStore(tmp_path / "empty.sqlite3"))
    only_mark = read_provenance(tmp_path / "stripped.png", empty)
    assert (only_mark.outcome, only_mark.credential.state) == (Outcome.MARK_ONLY, CredentialState.ABSENT)
    encode_still(pictures["cat"], tmp_path / "plain.png")
    assert read_provenance(tmp_path / "plain.png", deployment, search=0).outcome is Outcome.ABSENT
    (tmp_path / "cut.png").write_bytes(path.read_bytes()[:-30])
    assert read_provenance(tmp_path / "cut.png", deployment).outcome is Outcome.ALTERED


def test_a_mark_with_our_key_but_no_entry_is_present_and_not_ours(deployment, pictures, payload, tmp_path):
    encode_still(mark(pictures["cat"], payload, deployment.mark_key), tmp_path / "a.png")
    empty = replace(deployment, store=ManifestStore(tmp_path / "empty.sqlite3"))
    found = read_provenance(tmp_path / "a.png", empty)
    assert found.mark is not None
    assert (found.mark.present, found.mark.ours, found.mark.id) == (True, False, payload.hex)
    assert found.credential.state is CredentialState.ABSENT


def test_an_unmarked_unsigned_file_says_nothing(deployment, pictures, tmp_path):
    encode_still(pictures["rocket"], tmp_path / "a.jpg")
    found = read_provenance(tmp_path / "a.jpg", deployment)
    assert found.mark is not None
    assert not found.mark.present
    assert (found.credential.state, found.credential.codes) == (CredentialState.ABSENT, ())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stranger_sees_an_intact_file_of_an_unknown_signer_until_given_the_root(sealed, deployment, stranger, suffix):
    path = sealed[suffix].path
    found = read_provenance(path, stranger, search=0)
    assert found.credential.state is CredentialState.VALID_UNKNOWN_SIGNER
    assert found.mark is not None
    assert not found.mark.present
    trusting = read_provenance(path, stranger, anchors=(deployment.identity.root_pem,), search=0)
    assert trusting.credential.state is CredentialState.TRUSTED


def test_an_anchor_that_is_no_certificate_is_refused(sealed, stranger):
    with pytest.raises(IdentityError, match="trust anchor: is no PEM certificate"):
        read_provenance(sealed[".png"].path, stranger, anchors=("nonsense",))


def test_decoded_media_may_be_handed_over(sealed, deployment):
    media = read_media(sealed[".mp4"].path)
    path = sealed[".mp4"].path
    assert read_provenance(path, deployment, media=media) == read_provenance(path, deployment)


@pytest.mark.parametrize("content", [b"", b"just some text"])
def test_a_file_of_another_kind_is_refused_by_name(deployment, tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(MediaError, match=r"x\.png"):
        read_provenance(tmp_path / "x.png", deployment)


def test_the_perceptual_hash_follows_looks_and_not_bytes(pictures):
    hashes = {name: perceptual_hash(picture) for name, picture in pictures.items() if name != "smooth"}
    for name, picture in pictures.items():
        if name in hashes:
            blurred = cv2.GaussianBlur(cv2.resize(picture, (180, 180)), (0, 0), 1)
            assert hash_distance(hashes[name], perceptual_hash(blurred)) <= 4
    distances = [hash_distance(a, b) for x, a in hashes.items() for y, b in hashes.items() if x < y]
    assert min(distances) > 10
