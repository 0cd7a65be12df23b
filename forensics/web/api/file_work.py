"""Read, seal or sign one uploaded file, in a process of its own.

The upload lies in a folder of its own, so that no name of a client's meets ours. Beside that folder stand what is asked
for, `request.json`, and the folder `made` of the file that is made.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report
from forensics.execution.sandbox import FileHandler

REQUEST, MADE = "request.json", "made"

STILL_SUFFIXES = ("png", "jpg", "webp", "avif", "tif")
SEAL_FORMATS = (*STILL_SUFFIXES, "mp4", "mov", "gif")
"""Formats that a sealed file can be asked for; a WebM would need a second file for its credential."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What is done with an upload.

    Attributes:
        work: read, seal or sign.
        kind: What the owner states about the file; empty for read.
        format: Format of a sealed file; empty for that of the upload.
        quality: Coding quality of a sealed picture, or None.
        lossless: Whether a sealed picture keeps every marked pixel.
        sidecar: Whether the credential alone is returned.
        thumbnail: Whether the credential gets a small picture.
        assertions: Further assertions, as JSON text in the form of `--assertions`; empty for none.
    """

    work: str
    kind: str = ""
    format: str = ""
    quality: int | None = None
    lossless: bool = False
    sidecar: bool = False
    thumbnail: bool = False
    assertions: str = ""

    def write(self, folder: Path) -> None:
        """Write the request into the folder around an upload's own."""
        (folder / REQUEST).write_text(json.dumps(asdict(self)))


def file_worker(home: Path | None, trust: tuple[str, ...]) -> FileHandler:
    """Open the deployment and return the handler of one upload.

    Args:
        home: The deployment's folder; None for the user's own.
        trust: Root certificates (PEM) whose signers are trusted in addition to the deployment's.
    """
    from watermark import Deployment

    deployment = Deployment.open(home)

    def one(path: Path, report: Report) -> CommandResult:
        asked = FileRequest(**json.loads((path.parents[1] / REQUEST).read_text()))
        if asked.work == "read":
            return CommandResult("", (_read(path, deployment, trust),))
        made = path.parents[1] / MADE
        made.mkdir()
        entry = _seal(path, made, asked, deployment) if asked.work == "seal" else _sign(path, made, asked, deployment)
        return CommandResult("", (entry,))

    return one


def _read(path: Path, deployment: Any, trust: tuple[str, ...]) -> JsonObject:  # noqa: ANN401 - loaded when needed
    from forensics.reporting import manifest_entries, read_entry
    from watermark import read_provenance

    provenance = read_provenance(path, deployment, anchors=trust)
    return {**read_entry(provenance), "manifests": [*manifest_entries(provenance.credential)]}


def _seal(path: Path, made: Path, asked: FileRequest, deployment: Any) -> JsonObject:  # noqa: ANN401
    from forensics.reporting import seal_entry
    from watermark import PayloadKind, seal_file

    suffix = f".{asked.format}" if asked.format else _own_suffix(path)
    receipt = seal_file(
        path,
        made / f"{path.stem}{suffix}",
        PayloadKind(asked.kind),
        deployment,
        quality=asked.quality,
        lossless=asked.lossless,
        assertions=_assertions(path, asked),
        thumbnail=asked.thumbnail,
    )
    return seal_entry(receipt)


def _sign(path: Path, made: Path, asked: FileRequest, deployment: Any) -> JsonObject:  # noqa: ANN401
    from watermark import PayloadKind, sign_unchanged

    target = made / (f"{path.stem}.c2pa" if asked.sidecar else path.name)
    receipt = sign_unchanged(
        path,
        target,
        PayloadKind(asked.kind),
        deployment,
        assertions=_assertions(path, asked),
        thumbnail=asked.thumbnail,
        sidecar=asked.sidecar,
    )
    return {
        "path": str(receipt.path),
        "sha256": receipt.sha256,
        "source_sha256": receipt.source_sha256,
        "kind": asked.kind,
        "credential": {"state": receipt.credential.state.value, "fingerprint": receipt.credential.fingerprint},
        "time_stamp": receipt.time_stamp.value,
        "kept_credential": receipt.kept_credential,
    }


def _assertions(path: Path, asked: FileRequest) -> tuple[Any, ...]:
    from forensics.storage.assertion_file import read_assertions

    if not asked.assertions:
        return ()
    stated = path.parents[1] / "assertions.json"
    stated.write_text(asked.assertions)
    return read_assertions(stated)


def _own_suffix(path: Path) -> str:
    """Return the suffix of the format that an upload has, as far as it can be written."""
    from watermark import written_suffix

    return written_suffix(path)
