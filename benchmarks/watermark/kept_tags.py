"""Compare with exiftool what files say beside their pixels before and after; write results/kept_tags.csv.

    .venv/bin/python -m benchmarks.watermark.kept_tags        # needs exiftool (Debian: libimage-exiftool-perl)

Small files of each kind get EXIF with a position, IPTC, XMP, a colour profile and comments from exiftool. Each is
signed as it is and, where it can be, sealed. Exiftool then reads both. Places and sizes of parts within a file do not
count, and what a seal states anew (software, source type, orientation, colour profile) is counted apart.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import skimage.data
from PIL import Image, ImageCms

from benchmarks.results_csv import write_rows
from watermark import Deployment, MediaError, PayloadKind, seal_file, sign_unchanged

RESULTS = Path("results/kept_tags.csv")
COLUMNS = ("kind", "work", "tags_before", "same", "stated_anew", "changed", "missing", "names", "exiftool")

_WRITTEN = (
    "-EXIF:Artist=Ann Example", "-EXIF:Copyright=CC BY 4.0", "-EXIF:DateTimeOriginal=2026:05:04 03:02:01",
    "-EXIF:Make=Maker", "-EXIF:Model=Camera 1", "-EXIF:ISO=200", "-EXIF:FNumber=2.8", "-EXIF:Orientation#=6",
    "-EXIF:GPSLatitude=48.1", "-EXIF:GPSLatitudeRef=N", "-EXIF:GPSLongitude=11.5", "-EXIF:GPSLongitudeRef=E",
    "-IPTC:Caption-Abstract=A caption", "-IPTC:Keywords=one", "-IPTC:Keywords=two", "-IPTC:By-line=Ann Example",
    "-XMP-dc:Creator=Ann Example", "-XMP-dc:Rights=CC BY 4.0", "-XMP-dc:Title=A title", "-XMP-xmp:Rating=4",
    "-XMP-photoshop:City=Munich", "-Comment=a comment",
)  # fmt: skip
_GROUPS = re.compile(r"(IFD0|ExifIFD|GPS|IPTC|XMP-.*|ICC.*|File|PNG|PDF|Keys|ItemList|RIFF|ID3.*|UserData)$")
_PLACES = re.compile(
    r"Offset|Length|Bytes|FileSize|Encoding|Thumbnail|StripBy|TileBy|RowsPer|Compression|XMPToolkit|WebP_Flags|:Encoder$"
)
_FILE_TAGS = ("Comment",)
_ANEW = re.compile(
    r"Orientation|Software|CreatorTool|DigitalSourceType|ICC|Profile|IFD0:(Image|Bits|Photometric|Samples|Planar|"
    r"X?Resolution|YResolution|ResolutionUnit|YCbCr)|ExifIFD:(ColorSpace|Exif?Image|FlashpixVersion|ComponentsConf)|AISystem"
)


def files(folder: Path) -> Iterator[Path]:
    """Write one small file of each kind, with everything beside it that exiftool can write there."""
    picture = Image.fromarray(skimage.data.astronaut()[20:276, 100:356])
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for suffix in (".jpg", ".png", ".webp", ".tif", ".avif"):
        path = folder / f"photo{suffix}"
        picture.save(path, icc_profile=profile)
        yield path
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4000))
    yield folder / "sound.wav"
    for suffix in (".mp4", ".mov"):
        path = folder / f"clip{suffix}"
        with av.open(str(path), "w") as clip:
            stream = clip.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
            clip.metadata.update({"title": "A title", "artist": "Ann Example", "comment": "a comment"})
            for number in range(10):
                frame = av.VideoFrame.from_ndarray(np.roll(np.asarray(picture), number, 1), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                clip.mux(stream.encode(frame))
            clip.mux(stream.encode())
        yield path


def tags_of(path: Path) -> dict[str, str]:
    """Return what exiftool reads beside the content, by group and name."""
    done = subprocess.run(["exiftool", "-j", "-G1", "-a", "-b", "-struct", path], capture_output=True, check=True)
    found = json.loads(done.stdout)[0]
    return {
        name: str(value)
        for name, value in found.items()
        if ":" in name
        and _GROUPS.match(name.partition(":")[0])
        and (not name.startswith("File:") or name.partition(":")[2] in _FILE_TAGS)
        and not _PLACES.search(name)
    }


def compare(before: dict[str, str], after: dict[str, str]) -> list[object]:
    """Return counts of tags: before, same, stated anew, changed, missing; and the names of the last two."""
    anew = [name for name in before if _ANEW.search(name) and after.get(name) != before[name]]
    rest = [name for name in before if name not in anew]
    changed = [name for name in rest if name in after and after[name] != before[name]]
    missing = [name for name in rest if name not in after]
    same = len(rest) - len(changed) - len(missing)
    return [len(before), same, len(anew), len(changed), len(missing), " ".join((*changed, *missing))]


def main() -> None:
    """Compare every kind of file and write the results."""
    if shutil.which("exiftool") is None:
        raise SystemExit("exiftool is not installed (Debian: apt-get install libimage-exiftool-perl)")
    version = subprocess.run(["exiftool", "-ver"], capture_output=True, check=True, text=True).stdout.strip()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        deployment = Deployment.open(folder / "home")
        for path in files(folder):
            subprocess.run(
                ["exiftool", "-q", "-q", "-m", "-overwrite_original", *_WRITTEN, path], check=False, capture_output=True
            )
            before = tags_of(path)
            signed = folder / f"signed{path.suffix}"
            sign_unchanged(path, signed, PayloadKind.CAPTURED, deployment)
            rows.append([path.suffix, "sign", *compare(before, tags_of(signed)), version])
            sealed = folder / f"sealed{path.suffix}"
            try:
                seal_file(path, sealed, PayloadKind.CAPTURED, deployment)
            except MediaError:
                continue
            rows.append([path.suffix, "seal", *compare(before, tags_of(sealed)), version])
    write_rows(RESULTS, COLUMNS, rows)
    for row in rows:
        print(*row)


if __name__ == "__main__":
    os.environ.pop("FACETRAIL_STORE", None)
    main()
