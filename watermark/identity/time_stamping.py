"""Configure the time-stamp authority (RFC 3161) for signing, and what happens when it does not answer.

A time stamp keeps a signature valid after its certificate has expired. Where no authority is configured, signing never
uses the network.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from watermark.errors import IdentityError

from .certificates import read_pem


@dataclass(frozen=True, slots=True)
class TimeStamping:
    """A time-stamp authority.

    Attributes:
        url: Its address, http or https.
        required: Whether signing fails when it does not answer. Otherwise the file is signed without a stamp, and the
            manifest and the receipt say so.
        anchor_pem: The authority's root certificate, trusted when reading; without it a stamp is not valid longer than
            the signing certificate.
    """

    url: str
    required: bool = False
    anchor_pem: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise IdentityError(f"{self.url}: is no address of a time-stamp authority; give an http or https address")
        if self.anchor_pem is not None:
            read_pem(self.anchor_pem, "the time-stamp authority's root")

    @classmethod
    def load(cls, path: Path) -> TimeStamping | None:
        """Read what `save` wrote; return None where the file does not exist.

        Raises:
            IdentityError: The file is damaged.
        """
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise IdentityError(f"{path}: cannot be read ({error}); remove it to sign without time stamps") from error

    def save(self, path: Path) -> None:
        """Write the settings as JSON.

        Raises:
            OSError: The file cannot be written.
        """
        path.write_text(json.dumps(asdict(self), indent=1), "utf-8")
        path.chmod(0o644)  # whatever the umask: others must not choose the authority
