"""Add a manifest to a file whose content stays as it is: further assertions, or earlier ones taken out.

An update manifest (C2PA 2.2, section 11.2.3) has no hash of its own: it refers to the earlier manifest, whose hash of
the content goes on to count. A redaction takes the content of an assertion out of an earlier manifest; that the
assertion was there stays visible, and so do who took it out and why.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from watermark.credential.claim import Ingredient
from watermark.credential.credential import Credential, CredentialState, read_credential
from watermark.credential.embedded_manifest import LayoutError
from watermark.credential.layout import recorded_layout
from watermark.credential.origin import Redaction, update_definition
from watermark.credential.own_assertions import OwnAssertion, check_assertions
from watermark.credential.signing import Draft, library_settings, sign_draft
from watermark.credential.source_types import GENERATED_SOURCE_TYPES, stated_source_types
from watermark.deployment import Deployment
from watermark.errors import MediaError, SealError
from watermark.mark.payload import PayloadKind
from watermark.media.containers import Container, sniff
from watermark.media.files import file_hash, flush

from .contradiction import refuse_same_file
from .release import staging_folder, writing
from .signing_only import SignReceipt, read_back

_LOG = logging.getLogger(__name__)

REASONS = {
    "personal-data": "c2pa.PII.present",
    "invalid-data": "c2pa.invalid.data",
    "trade-secret": "c2pa.trade-secret.present",
    "confidential": "c2pa.government.confidential",
}
"""Reasons of a redaction, with their names in the C2PA specification (section 18.15.11)."""

_NEVER_REDACTED = ("c2pa.actions", "c2pa.hash.", "c2pa.ingredient")
_DISCLOSING = ("c2pa.ai-disclosure", "c2pa.soft-binding", "org.facetrail.")


def update_credential(
    source: Path,
    path: Path,
    deployment: Deployment,
    *,
    assertions: Sequence[OwnAssertion] = (),
    redact: Sequence[str] = (),
    reason: str | None = None,
) -> SignReceipt:
    """Write a copy of a signed file with an update manifest.

    Args:
        source: A file with a credential of its own that holds.
        path: Destination of the copy, with the suffix of the source.
        deployment: Who signs the update.
        assertions: Assertions to add.
        redact: Labels of assertions that are taken out of earlier manifests, wherever they stand.
        reason: One of `REASONS`, needed where something is taken out.

    Raises:
        SealError: The file has no credential that holds, an assertion is not there or cannot be taken out, the library
            cannot write the update into this kind of file, or the destination cannot be written.
        MediaError: The file cannot be read, or the suffix of the destination does not fit.
        IdentityError: The private key cannot be read or is out of date.
    """
    container = sniff(source)
    if not container.holds_credential:
        raise MediaError(f"{source}: has its credential beside it, where none is updated; sign it anew (--sidecar)")
    if path.suffix.lower() != source.suffix.lower():
        raise MediaError(f"{path}: the name must end in {source.suffix!r}, as what is written there does")
    refuse_same_file(source, path)
    earlier = read_credential(source, deployment.trust, deployment.store)
    if earlier.state not in (CredentialState.TRUSTED, CredentialState.VALID_UNKNOWN_SIGNER):
        raise SealError(f"{source}: its credential is {earlier.state}, and only one that holds can be updated")
    if not assertions and not redact:
        raise SealError(f"{source}: nothing to update; name assertions to add or to redact")
    kind = PayloadKind.GENERATED if earlier.says_generated else PayloadKind.CAPTURED
    check_assertions(assertions, kind)
    redaction = Redaction(_addresses(source, earlier, redact), _reason(reason)) if redact else None
    source_hash = file_hash(source)
    with staging_folder(path) as folder:
        signed = folder / f"signed{source.suffix.lower()}"
        draft = _draft(source, container, assertions, redaction)
        settings = library_settings(deployment.trust.signer_anchors, created=[one.label for one in assertions])
        with writing(path):
            signature = sign_draft(source, signed, draft, deployment.identity, settings)
        try:
            credential = read_back(source, signed, path, deployment)
        except SealError as error:
            what = "a redaction" if redact else "an update"
            raise SealError(
                f"{error}; the C2PA library cannot write {what} into this {container.name} file; sign it anew instead"
            ) from error
        if redaction is not None:
            _check_redacted(path, credential, redaction)
        digest = file_hash(signed)
        if file_hash(source) != source_hash:
            raise SealError(f"{source}: was changed while it was signed; nothing was left")
        with writing(path):
            flush(signed)
            signed.replace(path)
            flush(path.parent)
    _LOG.info("updated the credential of %s, %s, SHA-256 %s", source, path, digest)
    return SignReceipt(source, path, None, source_hash, digest, credential, signature.time_stamp, kept_credential=True)


def _draft(
    source: Path, container: Container, assertions: Sequence[OwnAssertion], redaction: Redaction | None
) -> Draft:
    try:
        layout = recorded_layout(source, container)
    except LayoutError as error:
        raise MediaError(f"{source}: is damaged or cut off ({error}); get a sound copy of the file") from error
    definition = update_definition(
        source.name, container.value, version("facetrail"), layout=layout, assertions=assertions, redaction=redaction
    )
    return Draft(source.name, definition, (Ingredient(source, source.name, "parentOf"),), updates=True)


def _reason(reason: str | None) -> str:
    if reason not in REASONS:
        raise SealError(f"a redaction needs a reason, one of {', '.join(REASONS)}, which everybody can read")
    return REASONS[reason]


def _addresses(source: Path, credential: Credential, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of assertions by their labels, in every manifest of a credential that holds them."""
    found: list[str] = []
    held = _held(credential)
    for label in labels:
        if label.startswith(_NEVER_REDACTED):
            raise SealError(f"{label}: can never be redacted, because the credential does not hold without it")
        places = [manifest for manifest, stated in held if label in stated]
        if not places:
            kept = (*_NEVER_REDACTED, *_DISCLOSING)
            there = sorted({name for _, stated in held for name in stated if not name.startswith(kept)})
            raise SealError(f"{source}: has no assertion {label!r}; it has {', '.join(there) or 'none to redact'}")
        types = {kind for _, stated in held for kind in stated_source_types(stated.get(label))}
        if label.startswith(_DISCLOSING) or not GENERATED_SOURCE_TYPES.isdisjoint(types):
            raise SealError(f"{label}: says how the file was made or marked; it is not taken out")
        found += [f"self#jumbf=/c2pa/{manifest}/c2pa.assertions/{label}" for manifest in places]
    return tuple(found)


def _held(credential: Credential) -> list[tuple[str, dict[str, object]]]:
    """Return each manifest's label with its assertions, by their labels."""
    manifests = json.loads(credential.manifest_json or "{}").get("manifests", {})
    return [
        (label, {str(one["label"]): one.get("data") for one in manifest.get("assertions", [])})
        for label, manifest in manifests.items()
    ]


def _check_redacted(path: Path, credential: Credential, redaction: Redaction) -> None:
    for label, stated in _held(credential):
        if any(f"self#jumbf=/c2pa/{label}/c2pa.assertions/{name}" in redaction.addresses for name in stated):
            raise SealError(f"{path}: the C2PA library left a redacted assertion in the file; nothing was left")
