"""Sign and verify the card of a report: digests of the page and of its files, signed by the deployment."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.errors import ReportError
from forensics.execution.environment import installed_version
from forensics.storage.files import write_whole
from forensics.storage.json_records import parse_json, read_record
from watermark import Deployment, StatementError, TrustPolicy, file_hash, read_statement, sign_statement

SUFFIX = ".card.json"
KIND = "facetrail report card"


@dataclass(frozen=True, slots=True)
class Digest:
    """One file of a report.

    Attributes:
        name: Its path relative to the page's folder.
        sha256: SHA-256 of its bytes, hex.
    """

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Card:
    """The signed content.

    Attributes:
        kind: Always `facetrail report card`.
        version: Version of facetrail.
        title: Title of the report.
        files: The page first, then figures, tables and the records it was made from.
    """

    kind: str
    version: str
    title: str
    files: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """The result for a report that is unchanged since it was signed.

    Attributes:
        card: The signed content.
        signer: Common name in the signer's certificate.
        missing: Signed files other than the page that no longer exist.
    """

    card: Card
    signer: str
    missing: tuple[str, ...]


def card_path(page: Path) -> Path:
    """Return the path of a page's card: `report.card.json` beside `report.html`."""
    return page.with_suffix(SUFFIX)


def sign_report(page: Path, title: str, others: Sequence[Path], deployment: Deployment) -> Path:
    """Write the signed card of a page, and return its path.

    Args:
        page: The page.
        title: Title of the report.
        others: Further files to sign.
        deployment: The signing deployment.

    Raises:
        IdentityError: The deployment cannot sign.
        OSError: A file cannot be read or the card cannot be written.
    """
    files = tuple(Digest(_relative(path, page.parent), file_hash(path)) for path in (page, *others))
    card = Card(KIND, installed_version("facetrail") or "unknown", title, files)
    content = json.dumps(asdict(card), ensure_ascii=False, sort_keys=True).encode()
    path, signed = card_path(page), sign_statement(content, deployment.identity)
    write_whole(path, lambda part: part.write_text(signed, "utf-8"))
    return path


def verify_report(page: Path, policy: TrustPolicy) -> Verification:
    """Check a page and the files beside it against its signed card.

    Args:
        page: The page; its card is beside it.
        policy: Policy of the trusted signatures.

    Raises:
        ReportError: There is no card, no known signer signed it, or a file was changed after it was signed.
    """
    path = card_path(page)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(
            f"{path}: the signed card of {page.name} cannot be read ({error}); keep both together"
        ) from error
    try:
        statement = read_statement(text, policy)
        card = read_record(Card, parse_json(statement.content), "card")
    except (StatementError, ValueError) as error:
        raise ReportError(f"{path}: {error}", path) from error
    if card.kind != KIND or not card.files or card.files[0].name != page.name:
        named = card.files[0].name if card.files else "nothing"
        raise ReportError(f"{path}: was signed for {named}, not for {page.name}; give the page its own card back", path)
    missing = []
    for number, digest in enumerate(card.files):
        file = page.parent / digest.name
        if number and not file.is_file():
            missing.append(digest.name)
        elif not file.is_file() or file_hash(file) != digest.sha256:
            raise ReportError(f"{file}: was changed after {statement.signer} signed it; make the report again", file)
    return Verification(card, statement.signer, tuple(missing))


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
