"""Define which signers a reader trusts."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from .certificates import read_pem


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
    """

    anchors: tuple[str, ...] = field(repr=False)
    allowed_signers: tuple[str, ...] = field(default=(), repr=False)
    offline: bool = True

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
