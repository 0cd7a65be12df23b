"""Files that are signed as they are: what they say, and that nothing else in them changes."""

from __future__ import annotations

import io
import json
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageCms, PngImagePlugin

from watermark import (
    CredentialState,
    MediaError,
    OwnAssertion,
    PayloadKind,
    SealError,
    encode_clip,
    file_hash,
    read_credential_beside,
    read_provenance,
    seal_file,
    sign_unchanged,
)
from watermark.credential.credential import read_credential
from watermark.credential.embedded_manifest import bmff_boxes, is_manifest_box

PUBLIC = Path(__file__).parents[3].parent / "shared" / "data" / "c2pa" / "more"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
CAPTURED, EDITED, GENERATED = PayloadKind.CAPTURED, PayloadKind.EDITED, PayloadKind.GENERATED
STILLS = ("photo.jpg", "photo.png", "photo.webp", "photo.tif", "photo.avif")


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """Files with much metadata, made here."""
    folder = tmp_path_factory.mktemp("media")
    picture = Image.fromarray(skimage.data.astronaut()[:200, :160])
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8298] = 6, "Maker", "somebody"
    exif.get_ifd(0x8825)[1] = "N"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = {"exif": exif.tobytes(), "icc_profile": icc, "dpi": (300, 300)}
    picture.save(folder / "photo.jpg", quality=90, xmp=XMP, **kept)
    picture.save(folder / "photo.webp", lossless=True, xmp=XMP, **kept)
    picture.save(folder / "photo.avif", xmp=XMP, exif=exif.tobytes(), icc_profile=icc)
    picture.save(folder / "photo.tif", icc_profile=icc, dpi=(300, 300), tiffinfo={270: "a description", 700: XMP})
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    deep = Image.fromarray(np.arange(200 * 160, dtype=np.uint16).reshape(200, 160))
    deep.save(folder / "photo.png", pnginfo=text, **kept)
    encode_clip(np.stack([skimage.data.astronaut()[:128, i : 128 + i] for i in range(6)]), folder / "clip.mp4", 25)
    with av.open(str(folder / "clip.mp4")) as source, av.open(str(folder / "clip.mov"), "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(np.arange(4000, dtype=np.int16).tobytes())
    picture.save(folder / "page.pdf")
    return folder


def pieces(path: Path) -> list[bytes]:
    """Return the pieces of a file, in order, without those of a credential."""
    data = path.read_bytes()
    if data[:2] == b"\xff\xd8":
        found, at = [], 2
        while data[at + 1] != 0xDA:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            found += [data[at:end]] if data[at + 1] != 0xEB else []
            at = end
        return [*found, data[at:]]
    if data[:4] == b"RIFF":
        found, at = [], 12
        while at < len(data):
            name, size = struct.unpack_from("<4sI", data, at)
            found += [data[at : at + 8 + size]] if name != b"C2PA" else []
            at += 8 + size + size % 2
        return found
    if data[:4] == b"\x89PNG":
        found, at = [], 8
        while at < len(data):
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
            found += [data[at:end]] if data[at + 4 : at + 8] != b"caBX" else []
            at = end
        return found
    boxes = [(kind, data[start:end]) for kind, start, end in bmff_boxes(data) if not is_manifest_box(data, kind, start)]
    # Offsets within these two follow the content, which the credential's box moves.
    return [len(box).to_bytes(8, "big") if kind in (b"moov", b"meta") else box for kind, box in boxes]


def metadata(path: Path) -> dict[str, object]:
    with Image.open(path) as image:
        tags = {tag: value for tag, value in getattr(image, "tag_v2", {}).items() if tag not in (273, 52545, 34665)}
        names = ("exif", "icc_profile", "xmp", "dpi", "Author", "XML:com.adobe.xmp")
        return {"mode": image.mode, "tags": tags, **{name: image.info.get(name) for name in names}}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as clip:
        return [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]


@pytest.mark.parametrize("name", STILLS)
def test_a_signed_still_keeps_every_pixel_and_all_metadata(media, deployment, tmp_path, name):
    source, path = media / name, tmp_path / name
    receipt = sign_unchanged(source, path, CAPTURED, deployment)
    assert (receipt.credential.state, receipt.credential.source_type) == (CredentialState.TRUSTED, "digitalCapture")
    assert receipt.credential.actions == ("c2pa.created",)
    assert receipt.sha256 == file_hash(path) != file_hash(source) == receipt.source_sha256
    assert np.array_equal(pixels(path), pixels(source))
    assert pixels(path).dtype == pixels(source).dtype
    assert metadata(path) == metadata(source)
    if name != "photo.tif":
        assert metadata(source)["exif"]
        assert pieces(path) == pieces(source)
    assert read_provenance(path, deployment).mark.present is False


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov"])
def test_a_signed_clip_keeps_every_frame(media, deployment, tmp_path, name):
    source, path = media / name, tmp_path / name
    assert sign_unchanged(source, path, EDITED, deployment).credential.source_type == "humanEdits"
    assert pieces(path) == pieces(source)
    before, after = frames(source), frames(path)
    assert len(before) == len(after) == 6
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_signed_sound_keeps_every_sample_and_a_signed_page_its_picture(media, deployment, tmp_path):
    sign_unchanged(media / "sound.wav", tmp_path / "sound.wav", CAPTURED, deployment)
    assert pieces(tmp_path / "sound.wav") == pieces(media / "sound.wav")
    sign_unchanged(media / "page.pdf", tmp_path / "page.pdf", EDITED, deployment)
    content = (media / "page.pdf").read_bytes()
    picture = content[content.index(b"\xff\xd8\xff") : content.rindex(b"\xff\xd9")]
    assert picture in (tmp_path / "page.pdf").read_bytes()
    (tmp_path / "contract.pdf").write_bytes(content + b"\n%/ByteRange [0 1 2 3]")
    with pytest.raises(SealError, match="would break that signature"):
        sign_unchanged(tmp_path / "contract.pdf", tmp_path / "signed.pdf", EDITED, deployment)


def test_a_public_heic_keeps_its_pictures(deployment, tmp_path):
    source = PUBLIC / "rs-sample1.heic"
    if not source.exists():
        pytest.skip("the public HEIC file is not here")
    sign_unchanged(source, tmp_path / "photo.heic", CAPTURED, deployment)
    assert pieces(tmp_path / "photo.heic") == pieces(source)


def test_a_credential_that_was_there_is_kept_as_the_ingredient(media, deployment, tmp_path):
    sign_unchanged(media / "photo.jpg", tmp_path / "first.jpg", CAPTURED, deployment)
    receipt = sign_unchanged(tmp_path / "first.jpg", tmp_path / "second.jpg", EDITED, deployment)
    assert receipt.kept_credential
    assert receipt.credential.actions == ("c2pa.opened", "c2pa.edited")
    assert receipt.credential.source_types == ("humanEdits",)
    assert receipt.credential.ingredient_source_types == ("digitalCapture",)
    assert pieces(tmp_path / "second.jpg") == pieces(media / "photo.jpg")


def test_what_a_file_says_of_itself_is_not_contradicted(media, deployment, tmp_path):
    sign_unchanged(media / "photo.jpg", tmp_path / "made.jpg", GENERATED, deployment)
    with pytest.raises(SealError, match="says that a machine made"):
        sign_unchanged(tmp_path / "made.jpg", tmp_path / "x.jpg", CAPTURED, deployment)
    named = tmp_path / "named.jpg"
    stated = XMP.replace(
        b"<rdf:RDF", b"<!-- http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia --><rdf:RDF"
    )
    Image.open(media / "photo.jpg").save(named, xmp=stated)
    with pytest.raises(SealError, match="says that a machine made"):
        sign_unchanged(named, tmp_path / "x.jpg", EDITED, deployment)
    changed = tmp_path / "changed.jpg"
    content = bytearray((tmp_path / "made.jpg").read_bytes())
    content[-50] ^= 1
    changed.write_bytes(content)
    with pytest.raises(SealError, match="was changed after it was signed"):
        sign_unchanged(changed, tmp_path / "x.jpg", GENERATED, deployment)
    assert not (tmp_path / "x.jpg").exists()


def test_one_changed_byte_of_a_signed_photo_reads_as_altered(media, deployment, tmp_path):
    sign_unchanged(media / "photo.jpg", tmp_path / "photo.jpg", CAPTURED, deployment)
    content = (tmp_path / "photo.jpg").read_bytes()
    at = content.index(b"Maker")
    (tmp_path / "photo.jpg").write_bytes(content[:at] + b"m" + content[at + 1 :])
    credential = read_credential(tmp_path / "photo.jpg", deployment.trust, deployment.store)
    assert credential.state is CredentialState.ALTERED


def test_a_sidecar_holds_the_credential_of_a_file_that_stays_as_it_is(media, deployment, tmp_path):
    digest = file_hash(media / "photo.jpg")
    receipt = sign_unchanged(media / "photo.jpg", tmp_path / "photo.c2pa", CAPTURED, deployment, sidecar=True)
    assert file_hash(media / "photo.jpg") == digest
    assert receipt.credential.state is CredentialState.TRUSTED
    beside = read_credential_beside(media / "photo.jpg", tmp_path / "photo.c2pa", deployment.trust)
    assert (beside.state, beside.fingerprint) == (CredentialState.TRUSTED, deployment.identity.fingerprint)
    other = read_credential_beside(media / "photo.png", tmp_path / "photo.c2pa", deployment.trust)
    assert other.state is CredentialState.ALTERED
    with pytest.raises(MediaError, match=r"give a \.c2pa file"):
        read_credential_beside(media / "photo.jpg", media / "photo.png", deployment.trust)


def test_own_assertions_are_signed_and_a_thumbnail_is_made_on_request(media, deployment, tmp_path):
    said = OwnAssertion("cawg.metadata", {"@context": {"dc": "http://purl.org/dc/elements/1.1/"}, "dc:creator": ["Me"]})
    mining = OwnAssertion("cawg.training-mining", {"entries": {"cawg.data_mining": {"use": "allowed"}}})
    path = tmp_path / "photo.jpg"
    receipt = sign_unchanged(media / "photo.jpg", path, CAPTURED, deployment, assertions=(said, mining), thumbnail=True)
    report = json.loads(receipt.credential.manifest_json)
    manifest = report["manifests"][report["active_manifest"]]
    stated = {one["label"]: one for one in manifest["assertions"]}
    assert stated["cawg.metadata"]["data"]["dc:creator"] == ["Me"]
    assert stated["cawg.training-mining"]["data"]["entries"] == {"cawg.data_mining": {"use": "allowed"}}
    assert manifest["thumbnail"]["format"] == "image/jpeg"
    assert pieces(path) == pieces(media / "photo.jpg")


@pytest.mark.parametrize(
    ("label", "data", "said"),
    [
        ("c2pa.actions.v2", {"actions": []}, "written here"),
        ("c2pa.hash.data", {}, "written here"),
        ("org.facetrail.layout", {}, "written here"),
        ("cawg.metadata", {"Iptc4xmpExt:DigitalSourceType": "trainedAlgorithmicMedia"}, "says trainedAlgorithmicMedia"),
    ],
)
def test_assertions_that_forge_or_contradict_are_refused(media, deployment, tmp_path, label, data, said):
    with pytest.raises(SealError, match=said):
        sign_unchanged(
            media / "photo.jpg", tmp_path / "x.jpg", CAPTURED, deployment, assertions=(OwnAssertion(label, data),)
        )


def test_files_and_names_that_do_not_fit_are_refused(media, deployment, tmp_path):
    with pytest.raises(MediaError, match=r"must end in '\.jpg'"):
        sign_unchanged(media / "photo.jpg", tmp_path / "x.png", CAPTURED, deployment)
    with pytest.raises(SealError, match="is the file to be sealed"):
        sign_unchanged(media / "photo.jpg", media / "photo.jpg", CAPTURED, deployment)
    with pytest.raises(SealError, match="carries a mark"):
        sign_unchanged(media / "photo.jpg", tmp_path / "x.jpg", PayloadKind.CONTROL, deployment)
    (tmp_path / "film.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(100))
    with pytest.raises(MediaError, match="holds no credential"):
        sign_unchanged(tmp_path / "film.mkv", tmp_path / "x.mkv", CAPTURED, deployment)
    (tmp_path / "cut.mp4").write_bytes((media / "clip.mp4").read_bytes()[:-50])
    with pytest.raises(MediaError, match="damaged or cut off"):
        sign_unchanged(tmp_path / "cut.mp4", tmp_path / "x.mp4", CAPTURED, deployment)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cut.mp4", "film.mkv"]


@pytest.mark.parametrize(("kind", "stated"), [(CAPTURED, "digitalCapture"), (EDITED, "humanEdits")])
def test_a_photo_is_sealed_as_what_it_is(media, deployment, tmp_path, kind, stated):
    source = tmp_path / "source.png"
    Image.fromarray(skimage.data.astronaut()[:256, :256]).save(source)
    receipt = seal_file(source, tmp_path / "sealed.png", kind, deployment)
    assert receipt.credential.source_types == (stated,)
    found = read_provenance(tmp_path / "sealed.png", deployment)
    assert (found.mark.kind, found.mark.ours) == (kind, True)
    assert not found.credential.says_generated
    with Image.open(tmp_path / "sealed.png") as image:
        assert f"digitalsourcetype/{stated}" in image.info["XML:com.adobe.xmp"]
    bare = io.BytesIO()
    Image.open(tmp_path / "sealed.png").convert("RGB").save(bare, "JPEG", quality=90)
    (tmp_path / "bare.jpg").write_bytes(bare.getvalue())
    assert read_provenance(tmp_path / "bare.jpg", deployment).mark.kind is kind
