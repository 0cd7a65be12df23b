"""Sign a CAWG identity assertion beside a claim: who, besides the claim's signer, stands behind the content.

The library (0.91) writes one where its settings hold the keys of both signers, and a builder is then signed without a
signer of its own. It has no way to ask a program for the identity's signature, so both keys must lie in files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import c2pa

from watermark.errors import IdentityError
from watermark.identity.certificates import read_pem, signing_algorithm
from watermark.identity.identity import Identity

ROLES = ("cawg.creator", "cawg.contributor", "cawg.editor", "cawg.producer", "cawg.publisher", "cawg.sponsor")
"""Roles that a named actor can have (CAWG Identity Assertion 1.1, section 5.1.2)."""


@dataclass(frozen=True, slots=True)
class NamedIdentity:
    """A certificate of a person or an organisation, with its key, for identity assertions.

    Attributes:
        chain_pem: The certificate first, then its issuers.
        key_path: Its private key (PEM without a password), read when signing and never kept.
        roles: Their part in the content, of `ROLES`.
    """

    chain_pem: str = field(repr=False)
    key_path: Path
    roles: tuple[str, ...] = ()


class SettingsSigner(c2pa.ContextProvider):  # type: ignore[misc]
    """A context of the library whose settings, rather than an object, hold the signer."""

    has_signer = True

    def __init__(self, context: c2pa.Context) -> None:
        """Take over a context."""
        self._context = context

    @property
    def is_valid(self) -> bool:
        """Return whether the context can be used."""
        return bool(self._context.is_valid)

    @property
    def execution_context(self) -> Any:  # noqa: ANN401 - a pointer of the library
        """Return the library's own pointer."""
        return self._context.execution_context


def signer_settings(
    identity: Identity, named: NamedIdentity, labels: Sequence[str], authority: str | None
) -> dict[str, Any]:
    """Return the settings under which the library signs claims, and an identity assertion beside each.

    Args:
        identity: Identity that signs the claim; its key must lie in a file.
        named: Who is named.
        labels: Labels of the assertions that the named one vouches for.
        authority: Address of a time-stamp authority, or None.

    Raises:
        IdentityError: A key cannot be read, or the claim is signed elsewhere.
    """
    if identity.key_path is None:
        raise IdentityError(
            f"{identity.subject}: signs through a program, and the C2PA library writes CAWG identities with key files "
            "alone; leave the CAWG identity out, or sign with a key file"
        )
    algorithm = signing_algorithm(read_pem(named.chain_pem, "the CAWG identity")[0])
    stamp = {} if authority is None else {"tsa_url": authority}
    signer = {"alg": identity.algorithm, "sign_cert": identity.chain_pem, "private_key": _key(identity.key_path)}
    naming = {"alg": algorithm, "sign_cert": named.chain_pem, "private_key": _key(named.key_path)}
    vouching = {"referenced_assertions": list(labels), "roles": list(named.roles)}
    return {"signer": {"local": {**signer, **stamp}}, "cawg_x509_signer": {"local": {**naming, **vouching}}}


def _key(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise IdentityError(f"{path}: the private key cannot be read ({error}); give it as PEM") from error
