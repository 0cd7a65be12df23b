"""Define which signers a reader trusts."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.x509.oid import NameOID

from .certificates import read_pem


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """The signers and authorities that a reader accepts as proof of origin.

    A policy never makes an altered file valid: it only decides whether the signer of an intact file is known.

    Attributes:
        anchors: Root certificates (PEM). A signer or time-stamp authority under one of them is known.
        allowed_signers: Leaf certificates (PEM). Where the list is not empty, a signer under the anchors must be one of
            them.
        offline: Whether a manifest that a file only refers to is never fetched; otherwise a hostile file could make a
            reader send requests.
    """

    anchors: tuple[str, ...] = field(repr=False)
    allowed_signers: tuple[str, ...] = field(default=(), repr=False)
    offline: bool = True

    def allows(self, serial: str, issuer: str | None) -> bool:
        """Return whether a signer under the anchors is among the allowed ones.

        The C2PA library reports the signer's certificate by serial number and issuer, which distinguish the
        certificates of one authority (RFC 5280, section 4.1.2.2).

        Args:
            serial: Serial number of the signer's certificate, hexadecimal.
            issuer: Common name of its issuer.

        Raises:
            IdentityError: An allowed signer is no certificate.
        """
        if not self.allowed_signers:
            return True
        allowed = [read_pem(text, "an allowed signer")[0] for text in self.allowed_signers]
        return any(
            int(serial, 16) == leaf.serial_number
            and issuer in [name.value for name in leaf.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
            for leaf in allowed
        )
