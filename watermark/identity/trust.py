"""Define which signers a reader trusts, and which of its roots vouches for a signer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .certificates import has_issued, is_authority, read_pem

OWN_ROOTS = "own and given roots"
"""What vouches for a signer whose root belongs to no trust list."""

_LONGEST_CHAIN = 10


class Purpose(StrEnum):
    """What the authorities of a trust list may vouch for."""

    CLAIM_SIGNING = "claim-signing"
    TIME_STAMPING = "time-stamping"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Certificates of authorities that somebody publishes and a user has chosen to trust.

    Attributes:
        name: The user's name for the list.
        purpose: What the authorities may vouch for.
        pem: Their certificates (PEM), with or without words between them.
        url: Address from which `facetrail trust update` fetches the list, or None.
        updated: Time at which the list was last taken over, ISO 8601 in UTC.
    """

    name: str
    purpose: Purpose
    pem: str = field(repr=False)
    url: str | None = None
    updated: str = ""

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Return the certificates of the list.

        Raises:
            IdentityError: The text contains no certificate.
        """
        return tuple(read_pem(self.pem, f"the trust list {self.name}"))

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Return the SHA-256 of each certificate, hexadecimal."""
        return tuple(one.fingerprint(hashes.SHA256()).hex() for one in self.certificates)


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """The signers and authorities that a reader accepts as proof of origin.

    A policy never makes an altered file valid: it only decides whether the signer of an intact file is known.

    Attributes:
        anchors: Root certificates (PEM), one or several in each text. A signer or time-stamp authority under one of
            them is known.
        allowed_signers: Leaf certificates (PEM), the first one of each text. Where the list is not empty, a signer
            under the anchors must be one of them.
        offline: Whether a manifest that a file only refers to is never fetched; otherwise a hostile file could make a
            reader send requests.
        lists: Trust lists, each for one purpose: a list of time-stamp authorities makes no signer known.
        identity_roots: Root certificates (PEM) under which CAWG identities are known, and signers are not.
    """

    anchors: tuple[str, ...] = field(repr=False)
    allowed_signers: tuple[str, ...] = field(default=(), repr=False)
    offline: bool = True
    lists: tuple[TrustList, ...] = ()
    identity_roots: tuple[str, ...] = field(default=(), repr=False)

    def allows(self, leaf: x509.Certificate) -> bool:
        """Return whether a signer under the anchors is among the allowed ones.

        The certificate itself is compared, byte for byte: names and serial numbers are whatever an issuer writes there.

        Args:
            leaf: The signer's certificate.

        Raises:
            IdentityError: An allowed signer is no certificate.
        """
        allowed = (read_pem(text, "an allowed signer")[0] for text in self.allowed_signers)
        return not self.allowed_signers or leaf in tuple(allowed)

    @property
    def signer_anchors(self) -> tuple[str, ...]:
        """Return the certificates (PEM) under which a signer of claims is known."""
        return (*self.anchors, *(one.pem for one in self.lists if one.purpose is Purpose.CLAIM_SIGNING))

    @property
    def time_anchors(self) -> tuple[str, ...]:
        """Return the certificates (PEM) under which time-stamp authorities alone are known."""
        return tuple(one.pem for one in self.lists if one.purpose is Purpose.TIME_STAMPING)

    @property
    def identity_anchors(self) -> tuple[str, ...]:
        """Return the certificates (PEM) under which CAWG identities alone are known."""
        return (*self.identity_roots, *(one.pem for one in self.lists if one.purpose is Purpose.IDENTITY))

    def vouching(self, chain: Sequence[x509.Certificate]) -> str | None:
        """Return what vouches for a signer: `OWN_ROOTS`, or the name of a list for claim signing; None for nothing.

        Only signatures and roles of the certificates are checked here; the C2PA library checks dates, usages and
        revocation.

        Args:
            chain: The signer's certificate, then other certificates of the signature in any order.

        Raises:
            IdentityError: An anchor is no certificate.
        """
        for name, anchors in self._named_anchors():
            if _leads_to(chain[0], chain[1:], anchors):
                return name
        return None

    def _named_anchors(self) -> Iterator[tuple[str, list[x509.Certificate]]]:
        yield OWN_ROOTS, [one for text in self.anchors for one in read_pem(text, "a trust anchor")]
        for listed in self.lists:
            if listed.purpose is Purpose.CLAIM_SIGNING:
                yield listed.name, list(listed.certificates)


def _leads_to(leaf: x509.Certificate, others: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]) -> bool:
    """Return whether issuers from `others` lead from a leaf to an anchor; a leaf is no anchor of its own."""
    issuers = [one for one in others if is_authority(one)]
    authorities = [one for one in anchors if is_authority(one)]
    reached, waiting = {leaf}, [leaf]
    for _ in range(_LONGEST_CHAIN):
        if any(has_issued(anchor, one) for one in waiting for anchor in authorities):
            return True
        waiting = [one for one in issuers if one not in reached and any(has_issued(one, below) for below in waiting)]
        reached.update(waiting)
    return False
