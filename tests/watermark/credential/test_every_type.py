"""Test that the credential of every type that the C2PA library reads is read by its true type."""

from __future__ import annotations

import io
import json
import wave
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import c2pa
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from forensics.cli.commands.read import describe
from forensics.reporting import read_entry
from watermark import (
    CredentialState,
    ManifestStore,
    MediaError,
    Outcome,
    PayloadKind,
    TrustError,
    TrustPolicy,
    read_media,
    read_provenance,
    seal_file,
    verify_file,
)
from watermark.credential.credential import CODE_CONTENT_NOT_CHECKED, read_credential
from watermark.identity.certificates import pem
from watermark.media.containers import Container, sniff

from .test_public_files import FOLDER
from .test_signing import make_chain

REPORTS = FOLDER.parents[1] / "reports"

DEFINITION = {
    "claim_generator_info": [{"name": "a recorder"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                    }
                ]
            },
        }
    ],
}


def picture(form, **options):
    out = io.BytesIO()
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(out, form, **options)
    return out.getvalue()


def dng():
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[50706] = 1
    tags[50706] = b"\1\4\0\0"
    return picture("TIFF", tiffinfo=tags)


def heif(brand):
    """Return an AVIF file under the brand of another still of the same format family."""
    data = bytearray(picture("AVIF"))
    size = int.from_bytes(data[:4], "big")
    data[8:size] = bytes(data[8:size]).replace(b"avif", brand).replace(b"mif1", brand)
    return bytes(data)


def jxl():
    def box(kind, body):
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    ftyp = box(b"ftyp", b"jxl " + bytes(4) + b"jxl ")
    return box(b"JXL ", b"\r\n\x87\n") + ftyp + box(b"jxlc", b"\xff\x0a" + bytes(range(200)))


def svg():
    path = " ".join(f"L{x} {x * x % 97}" for x in range(200))
    start = '<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg">'
    return f'{start}<path d="M0 0 {path}"/></svg>'.encode()


def wav():
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(np.random.default_rng(1).integers(-9000, 9000, 4000, dtype=np.int16).tobytes())
    return out.getvalue()


def office():
    """Return a small archive like that of an office document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("mimetype", "content.xml", "media/sheet.xml"):
            archive.writestr(name, " ".join(map(str, range(300))) + name)
    return out.getvalue()


def mp3():
    return (b"\xff\xfb\x90\x00" + bytes(413)) * 12


def coded(form, codec):
    """Return a short clip or sound that PyAV writes."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as file:
        if codec in ("aac", "flac"):
            stream = file.add_stream(codec, rate=8000, layout="mono")
            samples = np.random.default_rng(2).integers(-9000, 9000, (1, 4096), dtype=np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
            frames = av.AudioResampler(stream.format, "mono", 8000).resample(frame)
        else:
            stream = file.add_stream(codec, rate=10)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p" if codec != "mjpeg" else "yuvj420p"
            noise = np.random.default_rng(3).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
            frames = [av.VideoFrame.from_ndarray(one) for one in noise]
        for frame in frames:
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def brand(data, kind):
    return data[:8] + kind + data[12:]


KINDS = {
    "gif": (Container.GIF, lambda: picture("GIF")),
    "heic": (Container.HEIC, lambda: heif(b"heic")),
    "heif": (Container.HEIF, lambda: heif(b"mif1")),
    "jxl": (Container.JXL, jxl),
    "dng": (Container.DNG, dng),
    "svg": (Container.SVG, svg),
    "pdf": (Container.PDF, lambda: picture("PDF")),
    "avi": (Container.AVI, lambda: coded("avi", "mjpeg")),
    "wav": (Container.WAV, wav),
    "mp3": (Container.MP3, mp3),
    "m4a": (Container.M4A, lambda: brand(coded("mp4", "aac"), b"M4A ")),
    "flac": (Container.FLAC, lambda: coded("flac", "flac")),
    "zip": (Container.ZIP, office),
    "mov": (Container.MP4, lambda: coded("mov", "mpeg4")),
    "tiff": (Container.TIFF, lambda: picture("TIFF")),
    "webp": (Container.WEBP, lambda: picture("WEBP")),
    "avif": (Container.AVIF, lambda: picture("AVIF")),
}


@dataclass
class Signed:
    """A signed file, its unsigned source, the root it leads to, its manifest, and a store that knows nothing."""

    path: Path
    source: Path
    policy: TrustPolicy
    manifest: bytes
    store: ManifestStore

    def state(self, content=None, policy=None):
        if content is not None:
            self.path.write_bytes(content)
        return read_credential(self.path, policy or self.policy, self.store).state


@pytest.fixture
def signed(tmp_path):
    """Return a function that makes and signs a file, whose names say nothing about their types."""

    def make(kind):
        source, path = tmp_path / "unsigned.bin", tmp_path / "signed.bin"
        source.write_bytes(KINDS[kind][1]())
        chain = make_chain()
        info = c2pa.C2paSignerInfo("es256", chain.pem.encode(), chain.key_pem, None)
        context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        with (
            source.open("rb") as unsigned,
            path.open("w+b") as target,
            c2pa.Builder(json.dumps(DEFINITION), context=context) as builder,
            c2pa.Signer.from_info(info) as signer,
        ):
            manifest = builder.sign(signer, KINDS[kind][0].value, unsigned, target)
        return Signed(path, source, TrustPolicy((pem(chain.root),)), manifest, ManifestStore(tmp_path / "s.sqlite3"))

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_an_intact_file_of_every_type_is_read_by_its_content(signed, kind):
    file = signed(kind)
    assert sniff(file.source) is sniff(file.path) is KINDS[kind][0]
    found = read_credential(file.path, file.policy, file.store)
    assert (found.state, found.codes) == (CredentialState.TRUSTED, ())
    assert found.source_type == "digitalCapture"
    stranger = TrustPolicy((pem(make_chain().root),))
    assert file.state(policy=stranger) is CredentialState.VALID_UNKNOWN_SIGNER
    pinned = TrustPolicy(file.policy.anchors, allowed_signers=(pem(make_chain().leaf),))
    assert file.state(policy=pinned) is CredentialState.VALID_UNKNOWN_SIGNER


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_file_of_every_type_is_altered(signed, kind):
    file = signed(kind)
    data, source = file.path.read_bytes(), file.source.read_bytes()
    places = {data.rindex(source[at : at + 12]) + 6 for at in (len(source) // 2, len(source) * 2 // 3)}
    places |= {data.index(b"c2pa.actions") + 2} if b"c2pa.actions" in data else set()
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1
        assert file.state(changed) is CredentialState.ALTERED, place
    if b"jumdc2pa" in data:
        at = data.index(b"jumdc2pa")
        assert file.state(data[: at - 8] + b"xxxx" + data[at - 4 :]) is CredentialState.ALTERED
    assert file.state(b"\0\0\0\0" + data[4:]) is CredentialState.ALTERED
    assert file.state(data) is CredentialState.TRUSTED


@pytest.mark.parametrize("kind", [kind for kind, (container, _) in KINDS.items() if not container.is_decodable])
def test_without_pixels_the_credential_alone_is_read_and_the_reason_given(signed, deployment, kind, tmp_path):
    file = signed(kind)
    found = read_provenance(file.path, deployment, policy=file.policy)
    assert (found.mark, found.outcome) == (None, Outcome.TRUSTED)
    with pytest.raises(MediaError) as refused:
        read_media(file.path)
    assert f"{file.path}: is {found.mark_not_looked_for.removeprefix('the file is ')}" == str(refused.value)
    assert f"  mark        could not be looked for: {found.mark_not_looked_for}" in describe(found).splitlines()
    assert read_entry(found)["mark_not_looked_for"] == found.mark_not_looked_for
    unsigned = read_provenance(file.source, deployment)
    assert (unsigned.mark, unsigned.outcome) == (None, Outcome.ABSENT)
    assert unsigned.mark_not_looked_for == found.mark_not_looked_for
    with pytest.raises(MediaError, match="is "):
        seal_file(file.path, tmp_path / "sealed.png", PayloadKind.GENERATED, deployment)


def test_a_damaged_file_without_a_credential_is_no_file_without_one(deployment, tmp_path):
    for name, data in (("a.wav", wav()[:30]), ("a.svg", b"<svg><g></svg>")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(MediaError, match=rf"{name}: is a damaged"):
            read_provenance(tmp_path / name, deployment)


def test_a_credential_in_a_file_of_its_own_is_read_and_vouches_for_no_content(signed, deployment, tmp_path):
    file = signed("wav")
    path = tmp_path / "wav.c2pa"
    path.write_bytes(file.manifest)
    found = read_provenance(path, deployment, policy=file.policy)
    assert sniff(path) is Container.MANIFEST
    assert (found.outcome, found.mark) == (Outcome.TRUSTED, None)
    assert found.credential.codes == (CODE_CONTENT_NOT_CHECKED,)
    with pytest.raises(TrustError, match="notChecked"):
        verify_file(path, deployment, file.policy)
    stranger = read_credential(path, deployment.trust, file.store)
    assert stranger.state is CredentialState.VALID_UNKNOWN_SIGNER
    pinned = TrustPolicy(file.policy.anchors, allowed_signers=(pem(make_chain().leaf),))
    assert read_credential(path, pinned, file.store).state is CredentialState.VALID_UNKNOWN_SIGNER
    for place in (file.manifest.index(b"digitalCapture"), file.manifest.index(b"a recorder"), len(file.manifest) // 2):
        changed = bytearray(file.manifest)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert read_credential(path, file.policy, file.store).state is CredentialState.ALTERED


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the reported files are not beside this checkout")
@pytest.mark.parametrize("name", ["signed.mp3", "signed.wav"])
def test_the_reported_files_are_intact(deployment, name):
    found = read_provenance(REPORTS / name, deployment)
    assert found.outcome is Outcome.VALID_UNKNOWN_SIGNER
    assert found.mark_not_looked_for is not None
