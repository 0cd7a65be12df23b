"""Sign a file as it is: a credential is added, and no pixel, sample or metadata byte changes.

The library lays a PDF out anew around its objects, whose content stays; the other kinds keep every byte of content.

1. What is to be stated is compared with the file's own credential and metadata.
2. A signed copy is made in a hidden folder beside the destination; a credential that was there becomes its ingredient.
3. The credential is read back and must be TRUSTED under our own root.
4. The copy is flushed to disk and renamed to its destination.

If any step fails, nothing is left, and a file at the destination stays as it was.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from watermark.credential.cawg_identity import IdentityState
from watermark.credential.claim import Ingredient
from watermark.credential.credential import Credential, CredentialState, read_credential, read_credential_beside
from watermark.credential.embedded_manifest import LayoutError
from watermark.credential.layout import recorded_layout
from watermark.credential.named_identity import NamedIdentity
from watermark.credential.origin import origin_definition
from watermark.credential.own_assertions import OwnAssertion, check_assertions, vouched_labels
from watermark.credential.signing import Draft, TimeStampOutcome, library_settings, sign_draft
from watermark.deployment import Deployment
from watermark.errors import MediaError, SealError
from watermark.mark.payload import PayloadKind
from watermark.media.containers import SIDECAR_SUFFIX, Container, open_file, sniff
from watermark.media.files import file_hash, flush

from .contradiction import check_statement, refuse_same_file
from .release import staging_folder, writing

_LOG = logging.getLogger(__name__)

_HOLD_NONE = {
    Container.MATROSKA: "Matroska or WebM, which holds no credential; write one beside (--sidecar), or convert to MP4",
    Container.MANIFEST: "a credential in a file of its own; give the file that it belongs to",
}


@dataclass(frozen=True, slots=True)
class SignReceipt:
    """The record of a file that was signed as it is.

    Attributes:
        source: The file.
        path: The signed copy, or the credential in a file of its own.
        kind: What its owner states about it; None for an update of its credential.
        source_sha256: SHA-256 of the file.
        sha256: SHA-256 of what was written.
        credential: Credential as read back.
        time_stamp: State of the signature's time stamp.
        kept_credential: Whether the file had a credential, which is now an ingredient.
    """

    source: Path
    path: Path
    kind: PayloadKind | None
    source_sha256: str
    sha256: str
    credential: Credential
    time_stamp: TimeStampOutcome
    kept_credential: bool


def sign_unchanged(
    source: Path,
    path: Path,
    kind: PayloadKind,
    deployment: Deployment,
    *,
    assertions: Sequence[OwnAssertion] = (),
    thumbnail: bool = False,
    sidecar: bool = False,
    named: NamedIdentity | None = None,
) -> SignReceipt:
    """Sign a file without marking, decoding or encoding it.

    Args:
        source: The file, of any kind that the C2PA library writes.
        path: Destination of the signed copy, with the suffix of the source; of the credential alone, suffix .c2pa,
            where `sidecar` is set.
        kind: What is stated about it: CAPTURED, EDITED or GENERATED.
        deployment: Who states it.
        assertions: Further assertions of the owner.
        thumbnail: Whether the manifest gets a small picture of the file, where the library can make one.
        sidecar: Whether the credential is written to a file of its own, and the source stays without one.
        named: Who stands behind the file in a CAWG identity assertion; nobody where it is None.

    Raises:
        SealError: The statement contradicts the file's credential, metadata or the assertions; the file was altered;
            the library refuses; the credential cannot be read back; or the destination cannot be written.
        MediaError: The file cannot be read, holds no credential, or the suffix of the destination does not fit.
        IdentityError: The private key cannot be read or is out of date.
    """
    container = sniff(source)
    if container in _HOLD_NONE and (container.holds_credential or not sidecar):
        raise MediaError(f"{source}: is {_HOLD_NONE[container]}")
    if kind is PayloadKind.CONTROL:
        raise SealError(f"{source}: a control file carries a mark; seal it, or sign it as captured or edited")
    wanted = SIDECAR_SUFFIX if sidecar else source.suffix
    if path.suffix.lower() != wanted.lower():
        raise MediaError(f"{path}: the name must end in {wanted!r}, as what is written there does")
    refuse_same_file(source, path)
    if container is Container.PDF and not sidecar:
        _refuse_signed_document(source)
    check_assertions(assertions, kind)
    earlier = read_credential(source, deployment.trust, deployment.store)
    check_statement(source, kind, earlier)
    has_parent = container.holds_credential and earlier.state is not CredentialState.ABSENT
    source_hash = file_hash(source)
    with staging_folder(path) as folder:
        signed = folder / f"signed{source.suffix.lower()}"
        draft = _draft(source, container, kind, has_parent, assertions, sidecar)
        draft = replace(draft, named=named, vouched_for=vouched_labels(assertions))
        settings = library_settings(
            deployment.trust.signer_anchors, created=[one.label for one in assertions], thumbnail=thumbnail
        )
        with writing(path):
            signature = sign_draft(source, signed, draft, deployment.identity, settings)
            if sidecar:
                signed.unlink(missing_ok=True)
                signed = folder / f"signed{SIDECAR_SUFFIX}"
                signed.write_bytes(signature.manifest)
        credential = read_back(source, signed, path, deployment, sidecar=sidecar, named_count=0 if named is None else 1)
        digest = file_hash(signed)
        if file_hash(source) != source_hash:
            raise SealError(f"{source}: was changed while it was signed; nothing was left")
        with writing(path):
            flush(signed)
            signed.replace(path)
            flush(path.parent)
    _LOG.info("signed %s as %s, %s, SHA-256 %s", source, kind, path, digest)
    return SignReceipt(source, path, kind, source_hash, digest, credential, signature.time_stamp, has_parent)


def _refuse_signed_document(source: Path) -> None:
    """Refuse a PDF with a signature of its own (ISO 32000-1, section 12.8), which a new layout would break."""
    with open_file(source) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"/ByteRange") >= 0:
            raise SealError(
                f"{source}: is a PDF that somebody has signed, and a credential in it would break that signature; "
                "write the credential beside it (sidecar)"
            )


def _draft(
    source: Path,
    container: Container,
    kind: PayloadKind,
    has_parent: bool,
    assertions: Sequence[OwnAssertion],
    sidecar: bool,
) -> Draft:
    try:
        layout = None if sidecar else recorded_layout(source, container)
    except LayoutError as error:
        raise MediaError(f"{source}: is damaged or cut off ({error}); get a sound copy of the file") from error
    ingredients = (Ingredient(source, source.name, "parentOf"),) if has_parent else ()
    definition = origin_definition(
        source.name,
        kind,
        container.value,
        version("facetrail"),
        has_parent=has_parent,
        layout=layout,
        assertions=assertions,
    )
    return Draft(source.name, definition, ingredients, embedded=not sidecar)


def read_back(
    source: Path, signed: Path, path: Path, deployment: Deployment, *, sidecar: bool = False, named_count: int = 0
) -> Credential:
    """Return the credential of what was signed, or refuse to leave it.

    Args:
        source: The file.
        signed: The signed copy, or the credential alone where `sidecar` is set.
        path: The destination, for the error message.
        deployment: Deployment that signed.
        sidecar: Whether the credential lies in a file of its own.
        named_count: How many CAWG identities it must name.

    Raises:
        SealError: It does not read as it should.
    """
    if sidecar:
        credential = read_credential_beside(source, signed, deployment.trust)
    else:
        credential = read_credential(signed, deployment.trust, deployment.store)
    if credential.state is not CredentialState.TRUSTED:
        codes = ", ".join(credential.codes) or "no code"
        raise SealError(
            f"{path}: the signed file reads {credential.state} ({codes}) instead of trusted; nothing was left"
        )
    broken = [one for one in credential.identities if one.state is IdentityState.INVALID]
    if broken or len(credential.identities) < named_count:
        codes = ", ".join(code for one in broken for code in one.codes) or "it is missing"
        raise SealError(f"{path}: the CAWG identity cannot be read back ({codes}); nothing was left")
    return credential
