"""HEIC pixels through the optional decoder: upright, in sRGB, with what stands beside them, or named as missing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from watermark import CredentialState, MediaError, PayloadKind, read_media, read_provenance, seal_file, sign_unchanged
from watermark.media import containers
from watermark.media.still_metadata import hdr_transfer, read_metadata

pillow_heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")


@pytest.fixture(scope="module")
def picture():
    return np.asarray(Image.fromarray(astronaut()).resize((320, 256)))


@pytest.fixture
def write(tmp_path, picture):
    def one(name, **options):
        image = pillow_heif.from_pillow(Image.fromarray(picture))
        path = tmp_path / name
        image.save(path, quality=95, chroma=444, **options)
        return path

    return one


def test_a_heic_photo_is_read_upright_with_its_metadata(write, picture):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    path = write("a.heic", exif=exif.tobytes(), xmp=b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>")
    frames = read_media(path).frames
    assert frames.shape == (1, 320, 256, 3)
    assert np.abs(frames[0].astype(int) - np.rot90(picture, -1)).mean() < 4
    metadata = read_metadata(path)
    assert b"Maker" in metadata.exif
    assert metadata.xmp == b"<x:xmpmeta/>"


def test_a_heic_photo_is_sealed_as_jpeg_and_its_mark_is_found(write, deployment, tmp_path):
    path, out = write("b.heic"), tmp_path / "b.jpg"
    receipt = seal_file(path, out, PayloadKind.CAPTURED, deployment)
    found = read_provenance(out, deployment)
    assert (found.mark.id, found.credential.state) == (receipt.payload.hex, CredentialState.TRUSTED)
    signed = tmp_path / "signed.heic"
    sign_unchanged(path, signed, PayloadKind.CAPTURED, deployment)
    assert np.array_equal(read_media(signed).frames, read_media(path).frames)


def test_ten_bits_and_hdr_are_named(tmp_path, picture):
    deep = pillow_heif.from_bytes(mode="RGB;16", size=(320, 256), data=(picture.astype("uint16") * 257).tobytes())
    deep.save(tmp_path / "ten.heic", quality=90)
    assert "10 bits a channel (8 are written)" in read_metadata(tmp_path / "ten.heic").lost
    deep.save(tmp_path / "pq.heic", quality=90, color_primaries=9, transfer_characteristics=16, matrix_coefficients=9)
    assert hdr_transfer(tmp_path / "pq.heic") == "PQ"


def test_a_damaged_heic_is_one_clear_error(write):
    path = write("d.heic")
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(MediaError, match="damaged or truncated"):
        read_media(path)


def test_without_the_decoder_the_extra_is_named_and_the_credential_is_read(write, deployment, tmp_path, monkeypatch):
    path, signed = write("e.heic"), tmp_path / "e-signed.heic"
    sign_unchanged(path, signed, PayloadKind.CAPTURED, deployment)
    monkeypatch.setattr(containers, "find_spec", lambda name: None)
    with pytest.raises(MediaError, match=r"facetrail\[heic\]"):
        read_media(path)
    found = read_provenance(signed, deployment)
    assert found.mark is None
    assert "facetrail[heic]" in found.mark_not_looked_for
    assert found.credential.state is CredentialState.TRUSTED
