"""What a seal keeps of a file beside its pixels, and that the rest is named."""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
import zlib
from fractions import Fraction

import av
import numpy as np
import pytest
import skimage.data
from PIL import ExifTags, Image, ImageCms, PngImagePlugin, TiffImagePlugin, TiffTags

from watermark import MediaError, PayloadKind, encode_clip, encode_still, read_media, read_provenance, seal_file
from watermark.media.exif import upright_exif
from watermark.media.still_metadata import StillMetadata, read_metadata
from watermark.sealing.xmp import add_xmp, source_xmp
from watermark.sealing.xmp_merging import XmpError, merge_xmp

CAPTURED = PayloadKind.CAPTURED
IPTC_EXT, DC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}", "{http://purl.org/dc/elements/1.1/}"
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" tiff:Orientation="6" dc:source="a roll of film"
 hdrgm:Version="1.0"><dc:creator><rdf:Seq><rdf:li>somebody &amp; Co</rdf:li></rdf:Seq></dc:creator></rdf:Description>
</rdf:RDF></x:xmpmeta>"""
IPTC = b"\x1c\x02\x50\x00\x08somebody"


@pytest.fixture(scope="module")
def picture():
    return Image.fromarray(skimage.data.astronaut()[:320, :256])


@pytest.fixture(scope="module")
def exif():
    """EXIF data of a camera held upright, with place, maker's note and a preview."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation], made[ExifTags.Base.Make] = 6, "Maker"
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"secret words of the maker"
    made.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (Fraction(48), Fraction(8), Fraction(0))})
    plain = bytearray(made.tobytes())
    preview = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(preview, "JPEG")
    start = len(plain) - 6  # Pillow writes no second directory: the preview and its directory follow
    order = "<" if plain[6:8] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", plain, 10)
    (count,) = struct.unpack_from(f"{order}H", plain, 6 + first)
    struct.pack_into(f"{order}I", plain, 6 + first + 2 + 12 * count, start)
    place = start + 2 + 24 + 4
    plain += struct.pack(f"{order}HHHIIHHIII", 2, 0x0201, 4, 1, place, 0x0202, 4, 1, len(preview.getvalue()), 0)
    return bytes(plain) + preview.getvalue()


def photo(folder, picture, exif, **more):
    segment = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(IPTC).to_bytes(4, "big") + IPTC + bytes(len(IPTC) % 2)
    extra = b"\xff\xed" + (2 + len(segment)).to_bytes(2, "big") + segment
    path = folder / "photo.jpg"
    picture.save(path, quality=95, exif=exif, xmp=XMP, dpi=(300, 300), comment=b"a word", extra=extra, **more)
    return path


def test_a_photo_keeps_what_it_says_of_itself_upright(picture, exif, deployment, tmp_path):
    source = photo(tmp_path, picture, exif)
    receipt = seal_file(source, tmp_path / "sealed.jpg", CAPTURED, deployment)
    assert receipt.kept == ("EXIF", "XMP", "IPTC", "resolution", "comment")
    assert receipt.lost == (
        "preview in EXIF (it shows the picture without the mark)",
        "gain map or second picture (the main picture is written)",
    )
    with Image.open(source) as before, Image.open(tmp_path / "sealed.jpg") as after:
        assert after.size == before.size[::-1]
        tags, was = after.getexif(), before.getexif()
        assert (was[ExifTags.Base.Orientation], ExifTags.Base.Orientation in tags) == (6, False)
        for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            assert tags.get_ifd(part) == was.get_ifd(part) != {}
        assert tags[ExifTags.Base.Make] == "Maker"
        assert (after.info["dpi"], after.info["comment"]) == ((300, 300), b"a word")
        assert after.info["photoshop"][0x0404] == IPTC
        stated = ET.fromstring(after.info["xmp"])  # noqa: S314 - written here
    assert b"\xff\xd8\xff" not in (tmp_path / "sealed.jpg").read_bytes()[3:]  # the preview is blank
    assert [one.text for one in stated.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")] == ["somebody & Co"]
    attributes = {name: value for one in stated.iter() for name, value in one.attrib.items()}
    assert attributes[f"{DC}source"] == "a roll of film"
    assert attributes[f"{IPTC_EXT}DigitalSourceType"].endswith("/digitalCapture")
    assert not [name for name in attributes if "Orientation" in name or "hdr-gain-map" in name]
    found = read_provenance(tmp_path / "sealed.jpg", deployment)
    assert (found.mark.kind, found.credential.state.value) == (CAPTURED, "trusted")
    difference = read_media(tmp_path / "sealed.jpg").frames[0].astype(int) - read_media(source).frames[0]
    assert np.abs(difference).mean() < 4  # turned once, not twice


@pytest.mark.parametrize(
    ("suffix", "kept", "lost"),
    [
        (
            ".png",
            ("EXIF", "XMP", "resolution"),
            {"IPTC (PNG has no place for it)", "comment (PNG has no place for it)"},
        ),
        (".webp", ("EXIF", "XMP"), {"IPTC (WEBP has no place for it)", "resolution (WEBP has no place for it)"}),
        (".avif", ("EXIF", "XMP"), {"IPTC (AVIF has no place for it)"}),
        (".tif", ("EXIF", "XMP", "IPTC", "resolution"), {"comment (TIFF has no place for it)"}),
    ],
)
def test_every_container_keeps_what_it_has_a_place_for_and_names_the_rest(
    picture, exif, deployment, tmp_path, suffix, kept, lost
):
    path = tmp_path / f"sealed{suffix}"
    receipt = seal_file(photo(tmp_path, picture, exif), path, CAPTURED, deployment)
    assert receipt.kept == kept
    assert lost <= set(receipt.lost)
    with Image.open(path) as image:
        tags = image.getexif()
        assert tags[ExifTags.Base.Make] == "Maker"
        assert tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] == b"secret words of the maker"
        assert tags.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
        assert ExifTags.Base.Orientation not in tags
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        assert b"somebody" in (xmp if isinstance(xmp, bytes) else xmp.encode())
        if "resolution" in kept:
            assert [round(float(one)) for one in image.info["dpi"]] == [300, 300]
        if "IPTC" in kept:
            assert bytes(image.tag_v2[33723]) == IPTC


def test_texts_of_a_png_stay_and_depth_and_profile_are_named(deployment, tmp_path):
    levels = np.repeat(np.asarray(Image.fromarray(skimage.data.astronaut()[:256, :256]).convert("L")), 1).astype(
        np.uint16
    )
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    text.add_itxt("Title", "Ein Bild — schön")
    Image.fromarray(levels.reshape(256, 256) * 257).save(tmp_path / "deep.png", pnginfo=text)
    receipt = seal_file(tmp_path / "deep.png", tmp_path / "sealed.png", CAPTURED, deployment)
    assert receipt.kept == ("XMP", "text chunks")
    assert receipt.lost == ("16 bits a channel (8 are written)",)
    with Image.open(tmp_path / "sealed.png") as image:
        assert (image.text["Author"], image.text["Title"]) == ("somebody", "Ein Bild — schön")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.fromarray(skimage.data.astronaut()[:256, :256]).save(tmp_path / "lab.png", icc_profile=profile)
    assert "colour profile" in seal_file(tmp_path / "lab.png", tmp_path / "b.png", CAPTURED, deployment).lost[0]


@pytest.mark.slow
def test_quality_is_chosen_and_lossless_webp_keeps_every_marked_pixel(picture, deployment, tmp_path):
    picture.save(tmp_path / "a.png")
    sizes = []
    for quality in (98, 80):
        seal_file(tmp_path / "a.png", tmp_path / f"{quality}.jpg", CAPTURED, deployment, quality=quality)
        sizes.append((tmp_path / f"{quality}.jpg").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    rng = np.random.default_rng
    seal_file(tmp_path / "a.png", tmp_path / "b.png", CAPTURED, deployment, rng=rng(1))
    seal_file(tmp_path / "a.png", tmp_path / "b.webp", CAPTURED, deployment, rng=rng(1), lossless=True)
    pixels = [read_media(tmp_path / name).frames for name in ("b.png", "b.webp")]
    assert np.array_equal(*pixels)
    for suffix in (".jpg", ".avif"):
        with pytest.raises(MediaError, match="always loses something"):
            seal_file(tmp_path / "a.png", tmp_path / f"c{suffix}", CAPTURED, deployment, lossless=True)
    assert not list(tmp_path.glob("c.*"))


def _hdr_clip(path, frames, transfer, pixel_format="yuv420p10le"):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx265", rate=25, options={"x265-params": "log-level=none"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixel_format
        stream.codec_context.color_trc = transfer
        for picture in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_an_hdr_clip_is_refused_with_the_way_out(clip, deployment, tmp_path, transfer, name):
    _hdr_clip(tmp_path / "hdr.mp4", clip[:3], transfer)
    with pytest.raises(MediaError, match=rf"is HDR \({name}\).*tone-map it first.*facetrail sign"):
        seal_file(tmp_path / "hdr.mp4", tmp_path / "sealed.mp4", CAPTURED, deployment)
    assert not (tmp_path / "sealed.mp4").exists()


@pytest.mark.slow
def test_a_clip_of_10_bits_is_sealed_and_says_so(clip, deployment, tmp_path):
    _hdr_clip(tmp_path / "deep.mp4", clip[:3], 1)
    receipt = seal_file(tmp_path / "deep.mp4", tmp_path / "sealed.mp4", CAPTURED, deployment)
    assert receipt.lost == ("10 bits a channel (8 are written)",)
    encode_clip(clip[:3], tmp_path / "plain.mp4", 25)
    assert seal_file(tmp_path / "plain.mp4", tmp_path / "b.mp4", CAPTURED, deployment).lost == ()
    with pytest.raises(MediaError, match="for stills alone"):
        seal_file(tmp_path / "plain.mp4", tmp_path / "c.mp4", CAPTURED, deployment, quality=80)


def test_an_hdr_still_is_refused(picture, deployment, tmp_path):
    picture.save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    body = b"cICP" + bytes([9, 16, 0, 1])
    chunk = (4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(content[:33] + chunk + content[33:])
    with pytest.raises(MediaError, match=r"is HDR \(PQ\)"):
        seal_file(tmp_path / "a.png", tmp_path / "b.png", CAPTURED, deployment)


@pytest.mark.parametrize("damage", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x09", b"no exif"])
def test_damaged_exif_is_an_error_of_ours(damage):
    with pytest.raises(ValueError, match=r"."):
        upright_exif(damage)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_and_xmp_are_named_and_stop_nothing(picture, deployment, tmp_path):
    picture.save(tmp_path / "a.webp", exif=b"Exif\0\0II*\0\xff\xff\xff\x00", xmp=b"<x:xmpmeta", lossless=True)
    receipt = seal_file(tmp_path / "a.webp", tmp_path / "b.webp", CAPTURED, deployment)
    assert [one.split(" ")[0] for one in receipt.lost] == ["EXIF", "XMP"]
    assert receipt.kept == ("XMP",)


def test_xmp_that_declares_entities_is_not_parsed():
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    with pytest.raises(XmpError, match="declares entities"):
        merge_xmp(bomb, {})


def test_metadata_that_no_encoder_takes_is_named_and_stops_nothing(picture, tmp_path):
    worse = StillMetadata(exif=b"Exif\0\0no tiff at all", xmp=b"<x/>")
    written = encode_still(np.asarray(picture), tmp_path / "a.tif", metadata=worse)
    assert written.kept == ("XMP",)
    assert written.lost[0].startswith("metadata beside XMP (cannot be written")
    with Image.open(tmp_path / "a.tif") as image:
        assert np.array_equal(np.asarray(image), np.asarray(picture))


def test_metadata_whose_reading_fails_is_named(picture, tmp_path, monkeypatch):
    picture.save(tmp_path / "a.jpg")

    def fail(*_):
        raise SyntaxError("not what was expected")

    monkeypatch.setattr("watermark.media.still_metadata._iptc", fail)
    assert read_metadata(tmp_path / "a.jpg").lost == ("metadata (damaged: not what was expected)",)


def _chunk(name, body):
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def test_what_stands_behind_the_pixels_of_a_png_is_kept(tmp_path, pictures, deployment):
    """Exiftool writes EXIF and IPTC there."""
    Image.fromarray(pictures["face"]).save(tmp_path / "p.png")
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    iptc = b"\nIPTC profile\n      22\n1c0278000a412063617074696f6e\n"
    behind = _chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    behind += _chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(iptc))
    content = (tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").write_bytes(content[:-12] + behind + content[-12:])
    receipt = seal_file(tmp_path / "p.png", tmp_path / "o.png", PayloadKind.CAPTURED, deployment)
    with Image.open(tmp_path / "o.png") as image:
        image.load()
        assert image.getexif()[0x010F] == "Maker"
        assert "412063617074696f6e" in image.text["Raw profile type iptc"]
    assert {"EXIF", "text chunks"} <= set(receipt.kept)


def test_iptc_of_a_tiff_is_kept_whatever_numbers_it_is_written_as(tmp_path, pictures, deployment):
    record = b"\x1c\x02\x78\x00\x09A caption"
    padded = record + bytes(-len(record) % 4)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[33723] = TiffTags.UNDEFINED
    tags[33723] = padded
    Image.fromarray(pictures["face"]).save(tmp_path / "p.tif", tiffinfo=tags)
    content = (tmp_path / "p.tif").read_bytes()
    entry = struct.pack("<HHI", 33723, TiffTags.UNDEFINED, len(padded))
    assert content.count(entry) == 1
    as_numbers = struct.pack("<HHI", 33723, TiffTags.LONG, len(padded) // 4)
    (tmp_path / "p.tif").write_bytes(content.replace(entry, as_numbers))
    receipt = seal_file(tmp_path / "p.tif", tmp_path / "o.tif", PayloadKind.CAPTURED, deployment)
    assert "IPTC" in receipt.kept
    assert record in (tmp_path / "o.tif").read_bytes()


def test_xmp_of_a_clip_is_kept_beside_what_the_seal_states(tmp_path, clip, deployment):
    encode_clip(clip, tmp_path / "c.mp4", 25)
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="the archive"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    head = b"uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    with (tmp_path / "c.mp4").open("ab") as file:
        file.write((4 + len(head) + len(packet)).to_bytes(4, "big") + head + packet)
    receipt = seal_file(tmp_path / "c.mp4", tmp_path / "o.mp4", PayloadKind.CAPTURED, deployment)
    content = (tmp_path / "o.mp4").read_bytes()
    assert receipt.lost == ()
    assert b"the archive" in content
    assert content.count(head) == 1
    assert b"digitalCapture" in content[content.index(head) :]
    webm = seal_file(tmp_path / "c.mp4", tmp_path / "o.webm", PayloadKind.CAPTURED, deployment)
    assert webm.lost == ("XMP",)


def test_damaged_xmp_of_a_clip_is_named(tmp_path, clip, deployment):
    encode_clip(clip, tmp_path / "c.mp4", 25)
    head = b"uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    with (tmp_path / "c.mp4").open("ab") as file:
        file.write((4 + len(head) + 5).to_bytes(4, "big") + head + b"<x:xm")
    receipt = seal_file(tmp_path / "c.mp4", tmp_path / "o.mp4", PayloadKind.CAPTURED, deployment)
    assert any(one.startswith("XMP (it is damaged") for one in receipt.lost)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webp"])
def test_xmp_that_is_added_to_a_clip_is_found_there_and_the_clip_stays_readable(tmp_path, clip, suffix):
    path = tmp_path / f"c{suffix}"
    encode_clip(clip[:3], path, 25)
    before = read_media(path).frames
    add_xmp(path, b"<x:xmpmeta/>!")
    assert source_xmp(path) == b"<x:xmpmeta/>!"
    assert np.array_equal(read_media(path).frames, before)
