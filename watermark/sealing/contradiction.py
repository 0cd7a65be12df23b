"""Refuse to state of a file what its own credential or metadata contradicts, and to lose the file in doing so."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from watermark.credential.credential import (
    CODE_NOT_FETCHED,
    Credential,
    CredentialState,
    read_credential,
)
from watermark.credential.source_types import GENERATED_SOURCE_TYPES
from watermark.deployment import Deployment
from watermark.errors import SealError
from watermark.mark.payload import PayloadKind
from watermark.media.containers import open_file

_NAMED_GENERATED = re.compile(rf"digitalsourcetype/(?:{'|'.join(sorted(GENERATED_SOURCE_TYPES))})\b".encode())


def refuse_same_file(source: Path, path: Path) -> None:
    """Refuse to write to the source's own place.

    Raises:
        SealError: The destination is the source.
    """
    if path.exists() and path.samefile(source):
        raise SealError(f"{path}: is the file to be sealed; choose another name, so that the unmarked file stays")


def refuse_contradiction(source: Path, kind: PayloadKind, deployment: Deployment) -> None:
    """Refuse to claim of a picture that it was not generated, where its credential or metadata says that it was.

    Args:
        source: The file.
        kind: What is to be claimed about it; GENERATED contradicts nothing.
        deployment: Deployment whose trust and store are used.

    Raises:
        SealError: The file says that a machine made it, was altered, or points to a credential elsewhere.
        MediaError: The file cannot be read.
    """
    if kind is not PayloadKind.GENERATED:
        check_statement(source, kind, read_credential(source, deployment.trust, deployment.store))


def check_statement(source: Path, kind: PayloadKind, credential: Credential) -> None:
    """Refuse what the credential or the metadata of a file contradicts; see `refuse_contradiction`."""
    if credential.state is CredentialState.ALTERED:
        raise SealError(
            f"{source}: was changed after it was signed ({', '.join(credential.codes)}), so that what its credential "
            "said is lost; start from the original"
        )
    if kind is PayloadKind.GENERATED:
        return
    if CODE_NOT_FETCHED in credential.codes:
        raise SealError(f"{source}: points to a credential on the network, which may say that a machine made it")
    if credential.says_generated or _metadata_says_generated(source):
        what = "control mark" if kind is PayloadKind.CONTROL else f"statement `{kind}`"
        raise SealError(
            f"{source}: its credential says that a machine made or changed it, and a {what} is for pictures that "
            "were not generated; seal it as generated"
        )


def _metadata_says_generated(source: Path) -> bool:
    """Return whether unsigned metadata (XMP, IPTC) names a source type of generated pictures by its address."""
    with open_file(source) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _NAMED_GENERATED.search(content) is not None
