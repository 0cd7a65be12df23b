"""What a mark says: a 48-bit id and its kind, framed as 64 bits with a check that tells the kinds apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

ID_BITS = 48
CHECK_BITS = 16
PAYLOAD_BITS = ID_BITS + CHECK_BITS

_CRC_POLYNOMIAL = 0x1021


class PayloadKind(StrEnum):
    """Why a picture is marked."""

    GENERATED = "generated"
    CONTROL = "control"


# The kind is the register's start value: it costs no payload bit, and a frame that checks under one
# start value can never check under the other, because the CRC is linear.
_CHECK_START = {PayloadKind.GENERATED: 0xFFFF, PayloadKind.CONTROL: 0x1D0F}


@dataclass(frozen=True, slots=True)
class Payload:
    """A mark's content.

    Attributes:
        id: The id, 48 bits.
        kind: GENERATED for synthetic pictures, CONTROL for genuine ones that are marked to test detectors.
    """

    id: int
    kind: PayloadKind

    def __post_init__(self) -> None:
        if not 0 <= self.id < 1 << ID_BITS:
            raise ValueError(f"payload id {self.id} is outside 0 … 2^{ID_BITS} - 1; draw one with Payload.random")

    @property
    def hex(self) -> str:
        """The id as 12 hexadecimal digits."""
        return f"{self.id:0{ID_BITS // 4}x}"

    @classmethod
    def random(cls, rng: np.random.Generator, kind: PayloadKind) -> Payload:
        """Draw an id from `rng`."""
        return cls(int(rng.integers(0, 1 << ID_BITS)), kind)


def frame_payload(payload: Payload) -> npt.NDArray[np.uint8]:
    """Return the 64 bits that are coded into the picture: the id, most significant bit first, then its check."""
    return _bits(payload.id << CHECK_BITS | _check(payload.id, payload.kind), PAYLOAD_BITS)


def unframe_payload(bits: npt.NDArray[np.uint8]) -> Payload | None:
    """Return the payload framed in 64 bits, or None where the check fails for every kind."""
    value = int("".join(map(str, bits.tolist())), 2)
    identifier, check = value >> CHECK_BITS, value & (1 << CHECK_BITS) - 1
    for kind in PayloadKind:
        if _check(identifier, kind) == check:
            return Payload(identifier, kind)
    return None


def _check(identifier: int, kind: PayloadKind) -> int:
    """CRC-16 (polynomial 0x1021) over the six bytes of the id."""
    register = _CHECK_START[kind]
    for byte in identifier.to_bytes(ID_BITS // 8, "big"):
        register ^= byte << 8
        for _ in range(8):
            register = register << 1 ^ (_CRC_POLYNOMIAL if register & 0x8000 else 0)
        register &= 0xFFFF
    return register


def _bits(value: int, count: int) -> npt.NDArray[np.uint8]:
    return np.array([value >> shift & 1 for shift in reversed(range(count))], dtype=np.uint8)
