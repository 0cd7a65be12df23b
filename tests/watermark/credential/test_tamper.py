"""Test that nothing changed after sealing is read as trusted; reading without any store is tested everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from watermark import CredentialState, Deployment, MediaError, Payload, PayloadKind, mark, read_provenance, seal
from watermark.credential.claim import Claim
from watermark.credential.credential import read_credential
from watermark.credential.embedded_manifest import manifest_store
from watermark.media.containers import sniff
from watermark.store.manifest_store import ManifestStore

SUFFIXES = (".png", ".jpg", ".webp", ".avif", ".tif", ".mp4")
ISO_MEDIA = (".avif", ".mp4")


@pytest.fixture
def state_of(deployment, tmp_path):
    """Return the state of changed bytes for an installation that trusts the sealer and does not know the file."""
    nowhere = ManifestStore(tmp_path / "nowhere.sqlite3")

    def state(content, suffix):
        path = tmp_path / f"changed{suffix}"
        path.write_bytes(content)
        return read_credential(path, deployment.trust, nowhere).state

    return state


def store_in(path):
    """Return the offset of the manifest store, and the store."""
    data = path.read_bytes()
    store = manifest_store(data, sniff(path))
    return data.index(store[:60]), store


def flip(data, offset, rng):
    changed = bytearray(data)
    changed[offset] ^= 1 << int(rng.integers(8))
    return changed


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_flipped_bit_anywhere_in_the_file_is_never_trusted(sealed, state_of, suffix):
    data = sealed[suffix].path.read_bytes()
    start, store = store_in(sealed[suffix].path)
    rng = np.random.default_rng(1)
    offsets = {*range(32), *range(len(data) - 8, len(data)), *range(start - 48, start + 8)}
    offsets |= {int(i) for i in np.linspace(0, len(data) - 1, 130)}
    offsets |= {int(i) for i in np.linspace(start, start + len(store) - 1, 130)}
    assert len(offsets) >= 300
    assert state_of(data, suffix) is CredentialState.TRUSTED
    read = {offset: state_of(flip(data, offset, rng), suffix) for offset in sorted(offsets)}
    assert {offset for offset, state in read.items() if state is not CredentialState.ALTERED} == set()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_flipped_bit_all_over_the_manifest_is_never_trusted(sealed, state_of, suffix):
    data = sealed[suffix].path.read_bytes()
    start, store = store_in(sealed[suffix].path)
    rng = np.random.default_rng(2)
    offsets = range(max(start - 80, 0), min(start + len(store) + 16, len(data)), 11)
    read = {offset: state_of(flip(data, offset, rng), suffix) for offset in offsets}
    assert {offset for offset, state in read.items() if state is not CredentialState.ALTERED} == set()


def test_every_bit_of_the_toggles_of_a_box_counts(sealed, state_of):
    """C2PA validators ignore unknown toggles of a JUMBF description."""
    data = sealed[".png"].path.read_bytes()
    toggles = [at + 24 for at in range(len(data)) if data[at + 4 : at + 8] == b"jumd"]
    assert len(toggles) >= 8
    for at in toggles:
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            assert (at, bit, state_of(changed, ".png")) == (at, bit, CredentialState.ALTERED)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_flipped_bit_is_altered_for_the_sealer_too(sealed, deployment, tmp_path, suffix):
    data = sealed[suffix].path.read_bytes()
    rng = np.random.default_rng(3)
    path = tmp_path / f"a{suffix}"
    for offset in [9, *rng.integers(0, len(data), 12).tolist()]:
        path.write_bytes(flip(data, offset, rng))
        assert read_credential(path, deployment.trust, deployment.store).state is CredentialState.ALTERED


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_file_is_never_trusted(sealed, state_of, suffix):
    data = sealed[suffix].path.read_bytes()
    start, store = store_in(sealed[suffix].path)
    within = [start + len(store) // 2, start + len(store) - 1]
    for length in [*np.linspace(16, len(data) - 1, 24).astype(int).tolist(), *within, len(data) - 1]:
        try:
            read = state_of(data[:length], suffix)
        except MediaError:
            continue
        # Where the end with the manifest is missing, nothing is left that could show a manifest.
        assert read is CredentialState.ALTERED or (read is CredentialState.ABSENT and length < start + 40)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("tail", [b"\0", b"x" * 100, b"\0\0\0\x10freeABCDEFGH", b"\0\0\0\x10mfraABCDEFGH"])
def test_appended_bytes_are_never_trusted(sealed, state_of, suffix, tail):
    assert state_of(sealed[suffix].path.read_bytes() + tail, suffix) is CredentialState.ALTERED


@pytest.mark.parametrize("suffix", ISO_MEDIA)
def test_another_file_type_or_a_box_slipped_in_is_never_trusted(sealed, state_of, suffix):
    """The C2PA hash of ISO media leaves out `ftyp` and some boxes by their type; our own assertion covers them."""
    data = sealed[suffix].path.read_bytes()
    size = int.from_bytes(data[:4], "big")
    assert state_of(data[:8] + b"M4V " + data[12:], suffix) is CredentialState.ALTERED
    for kind in (b"free", b"skip", b"mfra", b"uuid"):
        box = b"\0\0\0\x20" + kind + bytes(24)
        assert state_of(data[:size] + box + data[size:], suffix) is CredentialState.ALTERED


@pytest.fixture(scope="module")
def twins(tmp_path_factory, deployment, pictures, clip):
    """Pairs of sealed files whose manifests are of one length."""
    folder = tmp_path_factory.mktemp("twins")

    def one(suffix, name, picture, number):
        payload = Payload(number, PayloadKind.GENERATED)
        pixels = clip[:, :: 1 if number % 2 else -1] if suffix == ".mp4" else pictures[picture]
        marked = mark(np.ascontiguousarray(pixels), payload, deployment.mark_key)
        claim = Claim(payload, "same", "facetrail test", "1")
        return seal(marked, folder / f"{name}{suffix}", claim, deployment, fps=25 if suffix == ".mp4" else None).path

    return {
        suffix: (one(suffix, "a", "face", 0x100 + index), one(suffix, "b", "coffee", 0x201 + index))
        for index, suffix in zip(range(0, 12, 2), SUFFIXES, strict=True)
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_manifest_of_another_file_is_never_trusted(twins, state_of, suffix):
    first, second = twins[suffix]
    data = first.read_bytes()
    (start, own), (_, foreign) = store_in(first), store_in(second)
    assert len(own) == len(foreign)
    assert state_of(data, suffix) is CredentialState.TRUSTED
    swapped = data[:start] + foreign + data[start + len(own) :]
    assert state_of(swapped, suffix) is CredentialState.ALTERED


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_a_manifest_put_together_from_two_is_never_trusted(twins, state_of, suffix):
    """The claim is that of one file, the signature that of the other."""
    first, second = twins[suffix]
    data = first.read_bytes()
    (start, own), (_, foreign) = store_in(first), store_in(second)
    cut = own.index(b"c2pa.signature") - 40
    assert state_of(data[: start + cut] + foreign[cut:] + data[start + len(own) :], suffix) is CredentialState.ALTERED


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".mp4"])
def test_a_file_sealed_again_by_a_stranger_is_never_trusted(sealed, deployment, pictures, clip, tmp_path, suffix):
    stranger = Deployment.open(tmp_path / "stranger")
    payload = sealed[suffix].payload
    pixels = clip if suffix == ".mp4" else pictures["face"]
    claim = Claim(payload, sealed[suffix].path.name, "facetrail test", "1.2.3")
    path = tmp_path / f"forged{suffix}"
    fps = 25 if suffix == ".mp4" else None
    seal(mark(pixels, payload, stranger.mark_key), path, claim, stranger, fps=fps)
    found = read_provenance(path, deployment, search=0)
    assert found.credential.state is CredentialState.VALID_UNKNOWN_SIGNER
