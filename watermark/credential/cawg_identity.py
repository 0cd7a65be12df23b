"""Read the CAWG identity assertions of a manifest: who, beside the claim signer, stands behind the content.

An identity assertion (Creator Assertions Working Group, Identity Assertion 1.1) has a signature and an issuer of its
own. Whether that issuer is known says nothing about the claim signer, so it gets a state of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CAWG_CODES = "cawg."
"""How the status codes of identity assertions begin."""

_LABEL = "cawg.identity"
_TRUSTED_CODES = frozenset({"cawg.x509.credential.trusted"})
_VALID_CODES = frozenset({"cawg.x509.signature.validated", "cawg.identity.well-formed", "cawg.ica.credential_valid"})
_UNKNOWN_CODES = frozenset({"cawg.x509.credential.untrusted", "cawg.ica.untrusted_issuer"})


class IdentityState(StrEnum):
    """The result of checking an identity assertion."""

    TRUSTED = "trusted"
    VALID_UNKNOWN_ISSUER = "valid_unknown_issuer"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class CawgIdentity:
    """An identity that a manifest names beside its claim signer.

    Attributes:
        state: TRUSTED (the library knows its issuer), VALID_UNKNOWN_ISSUER (its signature holds, the issuer is
            unknown), or INVALID (its signature does not hold, or could not be checked).
        name: Name of the person or organisation, None where the assertion has none.
        kind: Type of the identity's signature, such as `cawg.x509.cose`.
        codes: Status codes of what failed.
    """

    state: IdentityState
    name: str | None
    kind: str | None
    codes: tuple[str, ...] = ()


def cawg_identities(report: Mapping[str, Any]) -> tuple[CawgIdentity, ...]:
    """Return the identities that the active manifest names.

    Args:
        report: The library's report on a file.
    """
    label = report.get("active_manifest")
    manifest = report.get("manifests", {}).get(label, {})
    results = report.get("validation_results", {}).get("activeManifest", {})
    found = []
    for assertion in manifest.get("assertions", []):
        name = str(assertion["label"])
        if not name.startswith(_LABEL):
            continue
        place = f"/{label}/c2pa.assertions/{name}"
        passed, failed = (_codes_at(results.get(outcome, []), place) for outcome in ("success", "failure"))
        data = assertion["data"] if isinstance(assertion["data"], dict) else {}
        found.append(CawgIdentity(_state(passed, failed), _name(data), _kind(data), failed))
    return tuple(found)


def _codes_at(results: list[dict[str, Any]], place: str) -> tuple[str, ...]:
    codes = (str(one["code"]) for one in results if str(one.get("url", "")).endswith(place))
    return tuple(dict.fromkeys(code for code in codes if code.startswith(CAWG_CODES)))


def _state(passed: tuple[str, ...], failed: tuple[str, ...]) -> IdentityState:
    if not _UNKNOWN_CODES.issuperset(failed) or _VALID_CODES.isdisjoint(passed):
        return IdentityState.INVALID
    trusted = not failed and not _TRUSTED_CODES.isdisjoint(passed)
    return IdentityState.TRUSTED if trusted else IdentityState.VALID_UNKNOWN_ISSUER


def _name(data: Mapping[str, Any]) -> str | None:
    """Return the name in the identity's certificate, or that of the first identity that an aggregator verified."""
    signature = data.get("signature_info")
    verified = data.get("verifiedIdentities")
    places = [signature] if isinstance(signature, dict) else []
    places += [one for one in verified if isinstance(one, dict)] if isinstance(verified, list) else []
    names = (place.get(key) for place in places for key in ("common_name", "name", "username", "issuer"))
    return next((str(name) for name in names if name), None)


def _kind(data: Mapping[str, Any]) -> str | None:
    payload = data.get("signer_payload")
    kind = payload.get("sig_type") if isinstance(payload, dict) else data.get("sig_type")
    return None if kind is None else str(kind)
