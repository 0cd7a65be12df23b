"""Build files that a stranger might send: bombs, false headers, endless clips, nested boxes, and non-regular files.

Each function writes one file of at most a few megabytes. The tests pass them to the readers, and
fuzzing/bench_faults.py measures `facetrail read` on each.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image

from fuzzing.hostile_manifests import TAIL, box, jumbf, store_of_ingredients

HUGE = 100_000
INGREDIENTS = 10_000


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join([b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), *chunks, _chunk(b"IDAT", data), _chunk(b"IEND", b"")])


def _small_png() -> bytes:
    return _png(64, 64, data=zlib.compress(bytes(64 * (64 * 3 + 1))))


def _zeros(size: int) -> bytes:
    """Compress so many zeros without storing them."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join([*parts, packer.flush()])


def png_of_huge_size(path: Path) -> None:
    """Write a PNG that states 100,000 by 100,000 pixels."""
    path.write_bytes(_png(HUGE, HUGE, data=_zeros(1000)))


def png_at_the_limit(path: Path) -> None:
    """Write a PNG of 160 kB with 16 million pixels of 16 bits with alpha, the most memory for that area."""
    side = 8000
    path.write_bytes(_png(side, side, depth=16, colour=0, data=_zeros(side * (side * 2 + 1))))


def png_with_a_text_bomb(path: Path) -> None:
    """Write a PNG that contains a compressed text and a colour profile of 300 MB each."""
    bomb = _zeros(300 << 20)
    text, profile = _chunk(b"zTXt", b"title\0\0" + bomb), _chunk(b"iCCP", b"p\0\0" + bomb)
    path.write_bytes(_png(64, 64, text, profile, data=zlib.compress(bytes(64 * (64 * 3 + 1)))))


def png_with_more_data_than_pixels(path: Path) -> None:
    """Write a PNG that unpacks to a gigabyte where the header states 64 by 64 pixels."""
    path.write_bytes(_png(64, 64, data=_zeros(1 << 30)))


def apng_of_a_million_frames(path: Path) -> None:
    """Write a PNG that announces a million frames of an animation."""
    path.write_bytes(
        _png(64, 64, _chunk(b"acTL", struct.pack(">II", 10**6, 0)), data=zlib.compress(bytes(64 * (64 * 3 + 1))))
    )


def jpeg_of_huge_size(path: Path) -> None:
    """Write a JPEG that states its maximum size, 65,500 by 65,500 pixels."""
    Image.new("RGB", (64, 64)).save(path, "JPEG")
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    path.write_bytes(data)


def jpeg_of_a_thousand_scans(path: Path) -> None:
    """Write a JPEG that repeats a progressive scan over 16 million pixels a thousand times."""
    Image.new("L", (4000, 4000), 128).save(path, "JPEG", progressive=True, quality=50)
    data = path.read_bytes()
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    last = data[scans[-1] : data.rindex(b"\xff\xd9")]
    path.write_bytes(data[: scans[-1]] + last * 1000 + b"\xff\xd9")


def webp_of_huge_size(path: Path) -> None:
    """Write a WebP that states a canvas of 16,777,216 pixels per side."""
    Image.new("RGB", (64, 64)).save(path, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    data = bytearray(path.read_bytes())
    at = data.index(b"VP8X")
    data[at + 12 : at + 18] = b"\xff" * 6
    path.write_bytes(data)


def tiff_of_huge_size(path: Path) -> None:
    """Write a TIFF that states 100,000 by 100,000 pixels in one strip."""
    path.write_bytes(_tiff(HUGE, HUGE, b"\0" * 64))


def tiff_of_endless_pages(path: Path) -> None:
    """Write a TIFF that chains 300,000 pages, each a page directory without a picture."""
    entry = struct.pack("<HHI4s", 256, 3, 1, struct.pack("<HH", 8, 0))
    size = 2 + len(entry) + 4
    pages = [struct.pack("<H", 1) + entry + struct.pack("<I", 8 + size * (number + 1)) for number in range(300_000 - 1)]
    behind = 8 + size * len(pages)
    first = _tiff(64, 64, bytes(64 * 64 * 3), behind=behind, following=8)
    pages[-1] = pages[-1][:-4] + bytes(4)
    path.write_bytes(first[:4] + struct.pack("<I", behind) + b"".join(pages) + first[8:])


def tiff_whose_pages_run_in_a_circle(path: Path) -> None:
    """Write a TIFF with a page that is its own successor."""
    path.write_bytes(_tiff(64, 64, bytes(64 * 64 * 3), following=8))


def tiff_bomb(path: Path) -> None:
    """Write a TIFF with a deflated strip that unpacks to 190 MB where 64 by 64 pixels are stated."""
    path.write_bytes(_tiff(64, 64, _zeros(190 << 20), compression=8))


def _tiff(width: int, height: int, data: bytes, *, compression: int = 1, following: int = 0, behind: int = 8) -> bytes:
    fields = {256: width, 257: height, 258: 8, 259: compression, 262: 2, 273: 0, 277: 3, 278: height, 279: len(data)}
    end = behind + 2 + 12 * len(fields) + 4
    fields[273] = end
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(fields.items()))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(fields)) + rows + struct.pack("<I", following) + data


def avif_of_huge_size(path: Path) -> None:
    """Write an AVIF that states 100,000 by 100,000 pixels in the box of the picture's extent."""
    Image.new("RGB", (64, 64)).save(path, "AVIF")
    data = bytearray(path.read_bytes())
    at = data.index(b"ispe")
    data[at + 8 : at + 16] = struct.pack(">II", HUGE, HUGE)
    path.write_bytes(data)


def _clip(path: Path, *, frames: int = 6, side: int = 64, rate: int = 25, container: str = "mp4") -> None:
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream("libx264", rate)
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        picture = np.zeros((side, side, 3), np.uint8)
        for number in range(frames):
            picture[: side // 2, : side // 2] = 40 * (number % 6)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode(None))


def mp4_of_huge_size(path: Path) -> None:
    """Write an MP4 that states 65,535 by 65,535 pixels in the track and sample description."""
    _clip(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"avc1", data.index(b"stsd"))
    data[at + 28 : at + 32] = b"\xff" * 4
    at = data.index(b"tkhd")
    data[at + 80 : at + 88] = struct.pack(">II", HUGE << 16 & 0xFFFFFFFF, HUGE << 16 & 0xFFFFFFFF)
    path.write_bytes(data)


def mp4_of_two_billion_frames(path: Path) -> None:
    """Write an MP4 that announces two billion frames of one size in tables of a few bytes."""
    _clip(path)
    data = path.read_bytes()
    data = _with_box(data, b"stsz", struct.pack(">III", 0, 10, 0x7FFFFFFF))
    path.write_bytes(_with_box(data, b"stts", struct.pack(">IIII", 0, 1, 0x7FFFFFFF, 512)))


def mp4_of_thirty_million_frames(path: Path) -> None:
    """Write an MP4 that announces thirty million frames of no bytes."""
    _clip(path)
    data = path.read_bytes()
    data = _with_box(data, b"stsz", struct.pack(">III", 0, 1, 30_000_000))
    data = _with_box(data, b"stsc", struct.pack(">IIIII", 0, 1, 1, 30_000_000, 1))
    path.write_bytes(_with_box(data, b"stts", struct.pack(">IIII", 0, 1, 30_000_000, 512)))


def mp4_without_any_rate(path: Path) -> None:
    """Write an MP4 that shows all frames at the same instant."""
    _clip(path)
    path.write_bytes(_with_box(path.read_bytes(), b"stts", struct.pack(">IIII", 0, 1, 6, 0)))


def mp4_of_a_frame_a_century(path: Path) -> None:
    """Write an MP4 in which every frame lasts as long as the slowest clock can state."""
    _clip(path)
    data = bytearray(_with_box(path.read_bytes(), b"stts", struct.pack(">IIII", 0, 1, 6, 0x7FFFFFF0)))
    at = data.index(b"mdhd")
    data[at + 16 : at + 20] = struct.pack(">I", 1)
    path.write_bytes(data)


def mp4_of_nested_boxes(path: Path) -> None:
    """Write an MP4 that nests 100,000 boxes in one another."""
    _clip(path)
    inner = b""
    for _ in range(HUGE):
        inner = struct.pack(">I", 8 + len(inner)) + b"moov" + inner if len(inner) < 64 else inner
    depth = 100_000
    nested = b"".join(struct.pack(">I", 8 * (depth - level)) + b"udta" for level in range(depth))
    path.write_bytes(path.read_bytes() + nested)


def mp4_of_large_still_frames(path: Path) -> None:
    """Write an MP4 that repeats one frame of 62 million pixels 40 times in a few kilobytes."""
    side = 7872
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("libx264", 25, options={"preset": "ultrafast", "x264-params": "threads=1"})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(side, side, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(20):
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def matroska_without_end(path: Path) -> None:
    """Write a Matroska file with clusters of unknown length, repeated a thousand times."""
    _clip(path, container="matroska")
    data = path.read_bytes()
    at = data.index(b"\x1f\x43\xb6\x75")
    path.write_bytes(data[:at] + (data[at:] * 3000)[: 8 << 20])


def _with_box(data: bytes, kind: bytes, body: bytes) -> bytes:
    """Replace a box inside `moov`, which is at the end, and correct the lengths of the boxes around it."""
    at = data.index(kind) - 4
    old = int.from_bytes(data[at : at + 4], "big")
    grown = len(body) + 8 - old
    out = bytearray(data[:at] + box(kind, body) + data[at + old :])
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = data.index(parent) - 4
        out[place : place + 4] = struct.pack(">I", int.from_bytes(out[place : place + 4], "big") + grown)
    return bytes(out)


def png_with(store: bytes) -> bytes:
    """Return a small picture with a manifest store."""
    return _png(64, 64, _chunk(b"caBX", store), data=zlib.compress(bytes(64 * (64 * 3 + 1))))


def png_of_nested_jumbf(path: Path) -> None:
    """Write a PNG that nests 20,000 JUMBF boxes in the manifest store."""
    description = box(b"jumd", b"c2pa" + TAIL + b"\x03c2pa\0")
    depth = 20_000
    per = 8 + len(description)
    store = b"".join(struct.pack(">I", per * (depth - level)) + b"jumb" + description for level in range(depth))
    path.write_bytes(png_with(store))


def png_of_nested_cbor(path: Path) -> None:
    """Write a PNG that nests 200,000 lists in an assertion of the manifest."""
    deep = b"\x81" * 200_000 + b"\x00"
    assertion = jumbf(b"cbor", "c2pa.actions.v2", box(b"cbor", deep))
    claim = jumbf(b"c2cl", "c2pa.claim.v2", box(b"cbor", deep))
    signature = jumbf(b"c2cs", "c2pa.signature", box(b"cbor", b"\x84" + b"\x81" * 200_000))
    manifest = jumbf(b"c2ma", "urn:c2pa:x", jumbf(b"c2as", "c2pa.assertions", assertion), claim, signature)
    store = jumbf(b"c2pa", "c2pa", manifest)
    path.write_bytes(png_with(store))


def png_of_a_million_manifests(path: Path) -> None:
    """Write a PNG with 100,000 empty manifests in one store."""
    manifest = jumbf(b"c2ma", "urn:c2pa:x")
    store = jumbf(b"c2pa", "c2pa", manifest * 100_000)
    path.write_bytes(png_with(store))


def png_of_ten_thousand_ingredients(path: Path) -> None:
    """Write a PNG that names 10,000 ingredients in one manifest."""
    path.write_bytes(png_with(store_of_ingredients(INGREDIENTS)))


def empty(path: Path) -> None:
    """Write an empty file."""
    path.write_bytes(b"")


def pipe(path: Path) -> None:
    """Create a named pipe that nobody writes to."""
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    """Create a link to a device that never ends."""
    path.symlink_to("/dev/zero")


def dangling_link(path: Path) -> None:
    """Create a link to a missing file."""
    path.symlink_to(path.with_name("nowhere.png"))


def link_to_itself(path: Path) -> None:
    """Create a link to itself."""
    path.symlink_to(path.name)


def png_that_is_a_page_and_an_archive(path: Path) -> None:
    """Write a file that is a picture, a web page and an archive, depending on the program."""
    page = _chunk(b"tEXt", b"Title\0<html><script>alert(1)</script>")
    data = _png(64, 64, page, data=zlib.compress(bytes(64 * (64 * 3 + 1))))
    path.write_bytes(data)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.py", "print('out')")


def jpeg_before_a_clip(path: Path) -> None:
    """Write a file that begins as a picture and continues as a clip."""
    _clip(path)
    clip = path.read_bytes()
    Image.new("RGB", (64, 64)).save(path, "JPEG")
    path.write_bytes(path.read_bytes() + clip)


ATTACKS: dict[str, tuple[str, Callable[[Path], None]]] = {
    maker.__name__: (suffix, maker)
    for suffix, makers in {
        ".png": (
            png_of_huge_size,
            png_at_the_limit,
            png_with_a_text_bomb,
            png_with_more_data_than_pixels,
            apng_of_a_million_frames,
            png_of_nested_jumbf,
            png_of_nested_cbor,
            png_of_a_million_manifests,
            png_of_ten_thousand_ingredients,
            png_that_is_a_page_and_an_archive,
            empty,
            pipe,
            link_to_a_device,
            dangling_link,
            link_to_itself,
        ),
        ".jpg": (jpeg_of_huge_size, jpeg_of_a_thousand_scans, jpeg_before_a_clip),
        ".webp": (webp_of_huge_size,),
        ".tif": (tiff_of_huge_size, tiff_of_endless_pages, tiff_whose_pages_run_in_a_circle, tiff_bomb),
        ".avif": (avif_of_huge_size,),
        ".mp4": (
            mp4_of_huge_size,
            mp4_of_two_billion_frames,
            mp4_of_thirty_million_frames,
            mp4_without_any_rate,
            mp4_of_a_frame_a_century,
            mp4_of_nested_boxes,
            mp4_of_large_still_frames,
        ),
        ".mkv": (matroska_without_end,),
    }.items()
    for maker in makers
}


def make(name: str, folder: Path) -> Path:
    """Write one of the files into a folder."""
    suffix, maker = ATTACKS[name]
    path = folder / f"{name}{suffix}"
    maker(path)
    return path


COSTLY = frozenset(
    {
        "png_at_the_limit",
        "png_of_ten_thousand_ingredients",
        "jpeg_of_a_thousand_scans",
        "mp4_of_large_still_frames",
        "mp4_of_thirty_million_frames",
    }
)
"""Files that take a reader seconds; the tests leave them to fuzzing/bench_faults.py."""
