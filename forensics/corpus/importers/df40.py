"""Import DF40 (Yan et al. 2024): forty methods in `METHOD/{ff,cdf}` or `METHOD/{fake,real}`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forensics.corpus.sample import Label

from .listing import Entry, Layout, Listing, relative, stills_in, videos_in
from .names import SWAP, People, alone, celeb_people, youtube_people

DOMAINS = {"ff": Label.FORGED, "cdf": Label.FORGED, "fake": Label.FORGED, "real": Label.GENUINE}
SWAPS = frozenset(
    ("fsgan", "faceswap", "simswap", "inswap", "inswapper", "blendface", "uniface", "mobileswap", "e4s", "facedancer")
)
"""The methods that put another face on the target, named as their folders are."""

_NOTES = (
    "the genuine videos of ff and cdf stand in FaceForensics++ and Celeb-DF; import those into the same corpus",
    "DF40's folders name no split, and its lists give the same videos for validation and test",
)


def read_df40(folder: Path) -> Listing:
    """List methods, each with its domains; a domain contains folders of frames, clips or single pictures.

    Args:
        folder: Contains one folder for each method.
    """
    entries = [entry for method in sorted(folder.glob("*/")) for entry in _of_method(folder, method)]
    return Listing(tuple(entries), notes=_NOTES)


def _of_method(folder: Path, method: Path) -> Iterator[Entry]:
    for domain, label in DOMAINS.items():
        place = method / domain
        videos = videos_in(place)
        if not videos:
            stills = next((part for part in (place / "frames", place) if stills_in(part)), place)
            videos = [(stills / name, ()) for name in stills_in(stills)]
        for path, files in videos:
            people = _people(path.stem, method.name, domain)
            yield Entry(
                path=relative(path, folder),
                label=label,
                dataset=f"df40-{domain}" if domain in ("ff", "cdf") else "df40",
                method=method.name if label is Label.FORGED else f"{method.name}-real",
                video=path.stem,
                identities=people.identities,
                source=people.source,
                drive=people.drive,
                original=people.original,
                files=files,
            )


def _people(name: str, method: str, domain: str) -> People:
    swaps = method.lower() in SWAPS
    if domain == "ff":
        return youtube_people(name, next(iter(SWAP)) if swaps else "Face2Face")
    if domain == "cdf":
        return celeb_people(name, swaps=swaps)
    return alone(name, f"df40-{method}")


def _fits(folder: Path) -> bool:
    methods = {part.name for part in folder.glob("*/") if any((part / domain).is_dir() for domain in DOMAINS)}
    return bool(methods) and not methods & {"train", "val", "valid", "test"} and not (folder / "real").is_dir()


DF40 = Layout("df40", "DF40: METHOD/{ff,cdf} or METHOD/{fake,real}", _fits, read_df40)
