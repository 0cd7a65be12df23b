"""Validate sealed and tampered files with an independent validator; write results/c2pa_ts.csv.

The validator is @trustnxt/c2pa-ts (Apache-2.0), which shares no code with ours and is run by Node. Install it anywhere
outside the repository:

    mkdir c2pa-ts && cd c2pa-ts && npm install @trustnxt/c2pa-ts@0.9.4

and give the folder with --validator or in C2PA_TS. It reads JPEG, PNG and AVIF and does not check who signed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import skimage.data

from watermark import Claim, Deployment, ManifestStore, Payload, PayloadKind, mark, seal
from watermark.credential.credential import read_credential
from watermark.credential.embedded_manifest import manifest_store
from watermark.media.containers import sniff

SEED = 7
FORMATS = ("jpg", "png", "avif")
RESULTS = Path("results/c2pa_ts.csv")
COLUMNS = ("format", "change", "hashed", "ours", "our_codes", "c2pa_ts", "c2pa_ts_codes", "agree", "c2pa_ts_version")

Change = Callable[[bytes, bytes], bytes]


def flip(data: bytes, at: int) -> bytes:
    """Return the file with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def after(data: bytes, store: bytes, text: bytes, step: int = 0) -> int:
    """Return the position of a text in a file's manifest store, some bytes further on."""
    return data.index(store[:60]) + store.index(text) + step


# The changes of the file, and whether a C2PA hash or signature covers each.
CHANGES: dict[str, tuple[bool, Change]] = {
    "none": (True, lambda data, store: data),
    "a byte of the picture": (True, lambda data, store: flip(data, len(data) - 400)),
    "a byte of the actions": (True, lambda data, store: flip(data, after(data, store, b"trainedAlgorithmic", 3))),
    "a byte of the claim": (True, lambda data, store: flip(data, after(data, store, b"claim_generator_info", 40))),
    "a byte of the signature": (True, lambda data, store: flip(data, data.index(store[:60]) + len(store) - 9)),
    "the last 20 bytes cut off": (True, lambda data, store: data[:-20]),
    "20 bytes appended": (True, lambda data, store: data + b"0123456789" * 2),
    "a byte of the signature's padding": (False, lambda data, store: flip(data, after(data, store, b"cpadY", 40))),
    "a letter of a box's label": (False, lambda data, store: flip(data, after(data, store, b"c2pa.assertions", 6))),
}


def find_validator(named: Path | None) -> Path | None:
    """Return the folder whose node_modules contains the validator, or None.

    Args:
        named: Folder from the command line; then the environment variable C2PA_TS and the parent folders are tried.
    """
    wanted = [named, os.environ.get("C2PA_TS"), *Path.cwd().resolve().parents, Path.cwd()]
    folders = [Path(folder) for folder in wanted if folder]
    package = Path("node_modules") / "@trustnxt" / "c2pa-ts" / "package.json"
    return next((folder.resolve() for folder in folders if (folder / package).is_file()), None)


def judge(validator: Path, paths: list[Path]) -> list[dict[str, object]]:
    """Return the validator's result for each file."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("node is not installed; get it from your system's packages")
    with tempfile.TemporaryDirectory() as name:
        script = Path(shutil.copy(Path(__file__).with_name("c2pa_ts.mjs"), name))
        (Path(name) / "node_modules").symlink_to(validator / "node_modules")
        ran = subprocess.run([node, script, *paths], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def changed_files(folder: Path, deployment: Deployment) -> Iterator[tuple[str, str, bool, Path]]:
    """Seal one file of each format; yield format, change, whether C2PA covers it, and path for every change."""
    rng = np.random.default_rng(SEED)
    for suffix in FORMATS:
        payload = Payload.random(rng, PayloadKind.GENERATED)
        claim = Claim(payload, f"face.{suffix}", "facetrail", "1", seed=SEED, model_digest="ab" * 32)
        path = folder / f"face.{suffix}"
        seal(mark(skimage.data.astronaut(), payload, deployment.mark_key), path, claim, deployment)
        data, store = path.read_bytes(), manifest_store(path.read_bytes(), sniff(path))
        for number, (change, (hashed, apply)) in enumerate(CHANGES.items()):
            altered = folder / f"{number}.{suffix}"
            altered.write_bytes(apply(data, store))
            yield suffix, change, hashed, altered


def compare(validator: Path) -> list[dict[str, object]]:
    """Return one row for each format and change: our result without any store, and that of the validator."""
    package = json.loads((validator / "node_modules/@trustnxt/c2pa-ts/package.json").read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        deployment = Deployment.open(folder / "home")
        files = list(changed_files(folder, deployment))
        rows = []
        for (suffix, change, hashed, path), said in zip(
            files, judge(validator, [path for *_, path in files]), strict=True
        ):
            own = read_credential(path, deployment.trust, ManifestStore(folder / "nowhere.sqlite3"))
            rows.append(
                {
                    "format": suffix,
                    "change": change,
                    "hashed": hashed,
                    "ours": own.state.value,
                    "our_codes": " ".join(own.codes),
                    "c2pa_ts": said["answer"],
                    "c2pa_ts_codes": " ".join(dict.fromkeys(map(str, said["codes"]))),  # type: ignore[call-overload]
                    "agree": (own.state.value == "trusted") == (said["answer"] == "valid"),
                    "c2pa_ts_version": package["version"],
                }
            )
    return rows


def main() -> None:
    """Compare and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--validator", type=Path, metavar="DIR", help="folder whose node_modules holds the validator")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="CSV", help=f"table to write (default: {RESULTS})")
    options = parser.parse_args()
    validator = find_validator(options.validator)
    if validator is None:
        raise SystemExit("@trustnxt/c2pa-ts is not found; install it as --help says and name its folder")
    rows = compare(validator)
    with options.out.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    disagreed = [row for row in rows if row["hashed"] and not row["agree"]]
    print(f"{len(rows)} files judged; {len(disagreed)} disagreements where C2PA covers the change; {options.out}")
    sys.exit(bool(disagreed))


if __name__ == "__main__":
    main()
