"""Frame a mark's payload, a 48-bit id and its kind, as 64 bits with a keyed check that identifies the kind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

SOFT_BINDING = "org.facetrail.tile.3"

ID_BITS = 48
CHECK_BITS = 16
PAYLOAD_BITS = ID_BITS + CHECK_BITS


class PayloadKind(StrEnum):
    """The reason why a picture is marked."""

    GENERATED = "generated"
    CONTROL = "control"
    CAPTURED = "captured"
    EDITED = "edited"


# The kind is a constant added to the check. It costs no payload bit, and a frame that checks as one kind can never
# check as the other.
# Any two of the constants differ in 8 bits or more.
_KIND_MASK = {
    PayloadKind.GENERATED: 0x0000,
    PayloadKind.CONTROL: 0xA5C3,
    PayloadKind.CAPTURED: 0x5A3C,
    PayloadKind.EDITED: 0xFFFF,
}


@dataclass(frozen=True, slots=True)
class Payload:
    """A mark's content.

    Attributes:
        id: The id, 48 bits.
        kind: GENERATED for synthetic pictures, CONTROL for genuine ones that are marked to test detectors, CAPTURED for
            recordings of a camera or a microphone, EDITED for those that people changed without a generative model.
    """

    id: int
    kind: PayloadKind

    def __post_init__(self) -> None:
        if not 0 <= self.id < 1 << ID_BITS:
            raise ValueError(f"payload id {self.id} is outside 0 … 2^{ID_BITS} - 1; draw one with Payload.random")

    @property
    def hex(self) -> str:
        """Return the id as 12 hexadecimal digits."""
        return f"{self.id:0{ID_BITS // 4}x}"

    @classmethod
    def random(cls, rng: np.random.Generator, kind: PayloadKind) -> Payload:
        """Draw an id from `rng`."""
        return cls(int(rng.integers(0, 1 << ID_BITS)), kind)


def frame_payload(payload: Payload, key: bytes) -> npt.NDArray[np.uint8]:
    """Return the 64 bits that are coded into the picture: the id, most significant bit first, then its check."""
    return _bits(payload.id << CHECK_BITS | _check(payload.id, payload.kind, key), PAYLOAD_BITS)


def unframe_payload(bits: npt.NDArray[np.uint8], key: bytes) -> Payload | None:
    """Return the payload framed in 64 bits, or None where the check fails for every kind."""
    value = int("".join(map(str, bits.tolist())), 2)
    identifier, check = value >> CHECK_BITS, value & (1 << CHECK_BITS) - 1
    for kind in PayloadKind:
        if _check(identifier, kind, key) == check:
            return Payload(identifier, kind)
    return None


def _check(identifier: int, kind: PayloadKind, key: bytes) -> int:
    """Return 16 bits that only a holder of the key can compute: keyed BLAKE2s over the id, plus the kind."""
    digest = hashlib.blake2s(identifier.to_bytes(ID_BITS // 8, "big"), key=key, person=b"check", digest_size=2).digest()
    return int.from_bytes(digest, "big") ^ _KIND_MASK[kind]


def _bits(value: int, count: int) -> npt.NDArray[np.uint8]:
    return np.array([value >> shift & 1 for shift in reversed(range(count))], dtype=np.uint8)
