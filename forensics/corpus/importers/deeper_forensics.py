"""Import DeeperForensics-1.0 (Jiang et al. 2020): one method in eleven versions, on FaceForensics++'s videos."""

from __future__ import annotations

from pathlib import Path

from forensics.corpus.sample import Label, Split

from .listing import Entry, Layout, Listing, inside, relative, videos_in

_NOTES = (
    "DeeperForensics-1.0 holds no genuine videos for detection: its authors ask to take FaceForensics++ c23 "
    "(`facetrail corpus import ff++ FOLDER`), and to take source_videos for material of the forger",
)


def read_deeper_forensics(folder: Path) -> Listing:
    """List the manipulated videos `TARGET_SOURCE.mp4` with the split of `lists/splits`.

    Args:
        folder: Contains `manipulated_videos/VERSION` and, for the official split, `lists/splits/{train,val,test}.txt`.
    """
    splits = _splits(folder)
    entries = []
    for version in sorted((folder / "manipulated_videos").glob("*/")):
        for path, files in videos_in(version):
            target, _, other = path.stem.partition("_")
            entries.append(
                Entry(
                    path=relative(path, folder),
                    label=Label.FORGED,
                    dataset="deeper-forensics-1.0",
                    method="reenact_postprocess" if version.name == "reenact_postprocess" else "end_to_end",
                    video=path.stem,
                    identities=(f"ff-{target}", f"deeper-{other}"),
                    source=f"deeper-{other}",
                    drive=f"ff-{target}",
                    original=f"ff-{target}",
                    compression=version.name,
                    split=splits.get(path.stem),
                    files=files,
                    region="face",
                )
            )
    absent = sorted(set(splits) - {entry.video for entry in entries})
    return Listing(tuple(entries), tuple(absent), _NOTES)


def _splits(folder: Path) -> dict[str, Split]:
    found: dict[str, Split] = {}
    for split in Split:
        path = folder / "lists" / "splits" / f"{split}.txt"
        if path.is_file():
            found |= {Path(line.strip()).stem: split for line in path.read_text("utf-8").splitlines() if line.strip()}
    return found


def _fits(folder: Path) -> bool:
    return inside(folder, ("manipulated_videos",))


DEEPER_FORENSICS = Layout(
    "deeper-forensics", "DeeperForensics-1.0: forged videos only, on FaceForensics++", _fits, read_deeper_forensics
)
