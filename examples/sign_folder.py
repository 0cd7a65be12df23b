"""Mark and sign every picture of a folder, and check each signed file.

The first run makes a deployment (signing identity, mark key and manifest store) in the folder that FACETRAIL_HOME
names.
The pictures are taken for genuine ones; for the output of a generator, use PayloadKind.GENERATED.

    python examples/sign_folder.py FOLDER OUT
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from watermark import Deployment, PayloadKind, SealReceipt, WatermarkError, seal_file, verify_file

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def sign_folder(folder: Path, out: Path, deployment: Deployment) -> list[SealReceipt]:
    """Seal the pictures of a folder under the same names; a picture that is refused is named and left out."""
    out.mkdir(parents=True, exist_ok=True)
    receipts = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            receipts.append(seal_file(path, out / path.name, PayloadKind.CONTROL, deployment))
        except WatermarkError as error:  # too small, already marked, damaged
            print(f"not signed: {error}", file=sys.stderr)
    return receipts


def main(arguments: Sequence[str] | None = None) -> list[SealReceipt]:
    """Sign, then verify and print."""
    folder, out = (Path(name) for name in (sys.argv[1:] if arguments is None else arguments))
    deployment = Deployment.open()
    receipts = sign_folder(folder, out, deployment)
    for receipt in receipts:
        credential = verify_file(receipt.path, deployment)  # raises TrustError where the file does not hold
        print(f"{receipt.path}  mark {receipt.payload.hex}  signed by {credential.signer}")
    return receipts


if __name__ == "__main__":
    main()
