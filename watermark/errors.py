"""Define every error that the watermark package raises on purpose.

WatermarkError
├── TooSmallError    a picture cannot carry a mark
├── MediaError       a file or an array is not media that this package can read or write
├── IdentityError    the signing identity or the mark key is missing, unsafe or out of date
├── StoreError       the manifest store cannot be read or written
├── SealError        a file could not be sealed; nothing was left at its path
│   └── MarkLostError    its mark cannot be read back
├── StatementError   a signed statement was changed, or nobody known signed it
└── TrustError       a file is not what the trust policy asks for
"""

from __future__ import annotations


class WatermarkError(Exception):
    """Base of every error of this package; its message is one line for people."""


class TooSmallError(WatermarkError):
    """A picture is too small to carry the payload."""


class MediaError(WatermarkError):
    """A file or an array is not media that this package can read or write."""


class IdentityError(WatermarkError):
    """The signing identity or the mark key is missing, unsafe or out of date."""


class StoreError(WatermarkError):
    """The manifest store cannot be read or written."""


class SealError(WatermarkError):
    """A file could not be sealed; nothing was left at its path."""


class MarkLostError(SealError):
    """The mark of what was to be sealed cannot be read back; nothing was left at its path."""


class StatementError(WatermarkError):
    """A signed statement was changed, or no known signer signed it."""


class TrustError(WatermarkError):
    """A file does not satisfy the trust policy.

    Attributes:
        state: Value of the `CredentialState` that was read.
        codes: Status codes of what failed, as `Credential.codes`.
    """

    def __init__(self, message: str, state: str, codes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.state, self.codes = state, codes
