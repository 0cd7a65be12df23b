"""Choose the format of a file that is written, by its suffix, and check that it holds what is to be written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from watermark.errors import MediaError

from .animations import is_moving
from .clip_formats import CLIP_FORMATS, ClipFormat
from .containers import HEIF_FAMILY, Container, check_decodable, sniff
from .frame_timing import FASTEST, LARGEST_DENOMINATOR

_STILLS = {
    ".png": Container.PNG,
    ".jpg": Container.JPEG,
    ".jpeg": Container.JPEG,
    ".webp": Container.WEBP,
    ".avif": Container.AVIF,
    ".tif": Container.TIFF,
    ".tiff": Container.TIFF,
}
_CLIPS = {suffix: form.container for suffix, form in CLIP_FORMATS.items()}

STILL_SUFFIXES, CLIP_SUFFIXES = tuple(_STILLS), tuple(_CLIPS)


def writable(path: Path, *, moving: bool) -> Container:
    """Return the container that a path's suffix stands for.

    Args:
        path: Path of a file to be written.
        moving: Whether it is to hold a clip rather than a still.

    Raises:
        MediaError: This package writes no clip, or no still, with that suffix.
    """
    suffix = path.suffix.lower()
    wanted, others = (_CLIPS, _STILLS) if moving else (_STILLS, _CLIPS)
    if suffix in wanted:
        return wanted[suffix]
    names, kind = ", ".join(wanted), "a clip" if moving else "a still"
    if suffix in others:
        raise MediaError(f"{path}: a {suffix} file cannot hold {kind}; use one of {names}")
    raise MediaError(f"{path}: cannot write {kind} with suffix {path.suffix!r}; use one of {names}")


def clip_format(path: Path) -> ClipFormat:
    """Return how a clip is written to a path.

    Raises:
        MediaError: The suffix is none of a clip.
    """
    writable(path, moving=True)
    return CLIP_FORMATS[path.suffix.lower()]


def check_clip(path: Path, fps: float | Fraction, *, transparent: bool = False, fragmented: bool = False) -> Fraction:
    """Check that a format holds a clip, and return the frame rate in the form that is written.

    Args:
        path: Path of the clip, whose suffix says the format.
        fps: Frames per second.
        transparent: Whether its frames come with their alpha.
        fragmented: Whether it is written in fragments.

    Raises:
        MediaError: The suffix is none of a clip, the rate is not positive or higher than such files can show, or such
            files hold no transparency or no fragments.
    """
    made = clip_format(path)
    if transparent and made.transparent is None:
        raise MediaError(f"{path}: a {path.suffix} file holds no transparency here; use .webp, .mov or .webm")
    if fragmented and made.fragments is None:
        raise MediaError(f"{path}: a {path.suffix} file is not written in fragments; use .mp4 or .mov")
    if not 0 < fps <= made.fastest:
        way_out = "; name an .mp4, .webm or .webp instead" if 0 < fps <= FASTEST else ""
        raise MediaError(
            f"{path}: a frame rate of {float(fps):g} cannot be written; a {path.suffix} file has between 0 and "
            f"{made.fastest} frames a second{way_out}"
        )
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)


def holds_alpha(path: Path, *, moving: bool) -> bool:
    """Return whether a file of this suffix keeps how opaque its pixels are; a folder of pictures does.

    Args:
        path: Path of a file or folder to be written.
        moving: Whether it is to hold a clip rather than a still.
    """
    suffix = path.suffix.lower()
    if moving and suffix:
        return suffix in CLIP_FORMATS and CLIP_FORMATS[suffix].transparent is not None
    return suffix not in (".jpg", ".jpeg")


def holds_sound(path: Path) -> bool:
    """Return whether a clip of this suffix holds sound."""
    suffix = path.suffix.lower()
    return suffix in CLIP_FORMATS and bool(CLIP_FORMATS[suffix].sound)


def written_suffix(path: Path) -> str:
    """Return the suffix of the format in which a copy of a file is written: its own, or one of the same kind.

    The copy holds its own credential, so a WebM becomes an MP4.

    Args:
        path: A picture or a clip; its content counts, and its name does not.

    Raises:
        MediaError: The file cannot be opened, or is neither a picture nor a clip that this package decodes.
    """
    container = sniff(path)
    check_decodable(path, container)
    moving = is_moving(path, container)
    formats = _CLIPS if moving else _STILLS
    own = next((suffix for suffix, kind in formats.items() if kind is container and kind.holds_credential), None)
    if own is not None:
        return own
    if moving:
        return ".mp4"
    return ".jpg" if container in HEIF_FAMILY else ".png"
