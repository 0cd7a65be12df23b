"""Describe every manifest of a credential: what it asserts, who signed it under which certificates, what went into it.

The C2PA library reports all of this but the certificates, which are read from the signatures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .credential import Credential
from .own_assertions import OwnAssertion


@dataclass(frozen=True, slots=True)
class CertificateNote:
    """A certificate of a signature.

    Attributes:
        subject: Whom it names (RFC 4514).
        issuer: Who issued it (RFC 4514).
        serial: Its serial number, hexadecimal.
        not_before: Start of its validity, ISO 8601.
        not_after: End of its validity, ISO 8601.
        fingerprint: SHA-256 of its DER form, hexadecimal.
    """

    subject: str
    issuer: str
    serial: str
    not_before: str
    not_after: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class IngredientNote:
    """An ingredient of a manifest.

    Attributes:
        title: Its name, or None.
        relationship: How it was used: parentOf, componentOf or inputTo.
        media_type: Its media type, or None.
        manifest: Label of its own manifest, or None where it has none.
        codes: What failed in its credential when the manifest was signed.
    """

    title: str | None
    relationship: str | None
    media_type: str | None
    manifest: str | None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestNote:
    """One manifest.

    Attributes:
        label: Its label.
        title: Title of the file, or None.
        media_type: Media type of the file, or None.
        software: Names and versions of what made the claim.
        algorithm: Signature algorithm, or None.
        signer: Name in the signer's certificate, or None.
        signed_at: Time stamp of the signature, ISO 8601, or None.
        certificates: The signer's certificate and its issuers; nothing where the signature does not prove them.
        assertions: What it asserts. Thumbnails and ingredients are not among them.
        ingredients: What went into the file.
        redactions: Addresses of assertions that it takes out of earlier manifests.
        has_thumbnail: Whether it holds a small picture of the file.
    """

    label: str
    title: str | None
    media_type: str | None
    software: tuple[str, ...]
    algorithm: str | None
    signer: str | None
    signed_at: str | None
    certificates: tuple[CertificateNote, ...]
    assertions: tuple[OwnAssertion, ...]
    ingredients: tuple[IngredientNote, ...]
    redactions: tuple[str, ...]
    has_thumbnail: bool


def manifest_notes(credential: Credential) -> tuple[ManifestNote, ...]:
    """Return every manifest of a credential: the active one, then those of its ingredients, then any others.

    Args:
        credential: The credential; nothing in it needs to be well-formed.
    """
    report = _object(json.loads(credential.manifest_json or "{}"))
    manifests = _object(report.get("manifests"))
    chains = dict(credential.chains)
    return tuple(
        _note(label, _object(manifests[label]), chains.get(label, ""))
        for label in _ordered(str(report.get("active_manifest")), manifests)
    )


def _ordered(active: str, manifests: Mapping[str, Any]) -> Iterator[str]:
    """Yield every label once, an ingredient's after that of what it went into."""
    seen: set[str] = set()
    waiting = [*sorted(manifests, reverse=True), active]
    while waiting:
        label = waiting.pop()
        if label in seen or label not in manifests:
            continue
        seen.add(label)
        yield label
        parts = _objects(_object(manifests[label]).get("ingredients"))
        waiting += [str(one.get("active_manifest")) for one in reversed(parts)]


def _note(label: str, manifest: Mapping[str, Any], chain: str) -> ManifestNote:
    signature = _object(manifest.get("signature_info"))
    tools = _objects(manifest.get("claim_generator_info"))
    software = [" ".join(str(one[key]) for key in ("name", "version") if one.get(key)) for one in tools]
    earlier = manifest.get("claim_generator")
    redactions = manifest.get("redactions")
    return ManifestNote(
        label,
        _text(manifest.get("title")),
        _text(manifest.get("format")),
        tuple(software) or ((str(earlier),) if earlier else ()),
        _text(signature.get("alg")),
        _text(signature.get("common_name") or signature.get("issuer")),
        _text(signature.get("time")),
        tuple(_certificate(one) for one in x509.load_pem_x509_certificates(chain.encode())) if chain else (),
        tuple(OwnAssertion(str(one.get("label")), one.get("data", {})) for one in _objects(manifest.get("assertions"))),
        tuple(_ingredient(one) for one in _objects(manifest.get("ingredients"))),
        tuple(str(one) for one in redactions) if isinstance(redactions, list) else (),
        bool(manifest.get("thumbnail")),
    )


def _ingredient(ingredient: Mapping[str, Any]) -> IngredientNote:
    results = _object(_object(ingredient.get("validation_results")).get("activeManifest"))
    failed = [*_objects(results.get("failure")), *_objects(ingredient.get("validation_status"))]
    return IngredientNote(
        _text(ingredient.get("title")),
        _text(ingredient.get("relationship")),
        _text(ingredient.get("format")),
        _text(ingredient.get("active_manifest")),
        tuple(dict.fromkeys(str(one.get("code")) for one in failed)),
    )


def _certificate(certificate: x509.Certificate) -> CertificateNote:
    return CertificateNote(
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        f"{certificate.serial_number:x}",
        certificate.not_valid_before_utc.isoformat(),
        certificate.not_valid_after_utc.isoformat(),
        certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _object(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - parsed JSON
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
