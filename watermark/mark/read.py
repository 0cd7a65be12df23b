"""Read a mark from pixels.

A reading tries hypotheses about the geometry of the picture relative to the tile. Each hypothesis folds the whitened
picture onto one tile and correlates it with the key's template; shifts with a strong correlation are decoded. A picture
that was not cropped can show the tile only at one of 64 slots; otherwise all 128² shifts are searched.

In a picture without the key's mark every carrier has a random phase. A sum of such cosines that is scaled to unit
variance exceeds x with a probability of at most exp(-x²/2), since its moments stay below those of a Gaussian. Two sums
are computed: z over the template's carriers, and c over the others with the signs of the decoded code word. With a
correction for every test that a reading may make, every shift and every payload that checks, the probability that an
unmarked picture reads as strongly is

    p ≤ 2 · keys · views · shifts · Q(z)                                            without a payload
    p ≤ 2 · keys · views · shifts · 2⁴⁸ ids · kinds / slots · (1 + r) · exp(-r)    with one,  r = (z² + c²) / 2

`views` counts what a reading looks at, and shares the rate out: 99 parts in 100 belong to the 11 views of an upright
picture, so that these read as surely as if there were no others, and one part to the 57 views of its other quarter
turns and mirror images, of what lies within a plain border, and of wide pictures that were cropped to tall ones. For
upright views it is 11 · 100 / 99, for the others 57 · 100. `kinds` shares out the rate alike: 99 parts for the kinds
*generated* and *control*, one part for the two kinds of own media, so that it is 2 · 100 / 99 or 2 · 100. By the union
bound, the chance of any false reading stays below the rate.

Q is the Gaussian tail, which is an upper bound of the measured tails of unmarked pictures, `keys` the number of
keys tried, and `slots` 64 where the id also had to name the slot it was found at, else 1. A mark is present where p ≤
1e-6.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from watermark.errors import IdentityError
from watermark.media.frames import Frames, check_frames, spread

from .correlation import bit_values, correlate, highest, refine_shift
from .error_correction import Bits, decode, encode
from .payload import ID_BITS, Payload, PayloadKind, unframe_payload
from .tile import SLOTS, Floats64, Greys, Spectrum, carriers_of, grey, slot_of
from .views import SMALLEST_SIDE, View, views

_LOG = logging.getLogger(__name__)

FALSE_POSITIVE_RATE = 1e-6

_CLIP_FRAMES = 16
# By how much a payload of a kind counts: how many kinds there are of its sort, over their share of the rate.
_KINDS = {
    PayloadKind.GENERATED: 2 / 0.99,
    PayloadKind.CONTROL: 2 / 0.99,
    PayloadKind.CAPTURED: 2 / 0.01,
    PayloadKind.EDITED: 2 / 0.01,
}
_LISTS = (32, 512)  # list sizes of a decoding; the long list is used where a mark is likely
_DECODED_PEAKS = 3
# Peaks below these are not decoded: unmarked pictures reach them in a few of a hundred views.
_PLAUSIBLE_SLOT = 3.3
_PLAUSIBLE_SHIFT = 4.9
_LIKELY_SLOT = 4.8
_LIKELY_SHIFT = 6.0

_LONGEST_ASPECT = 4


@dataclass(frozen=True, slots=True)
class MarkReading:
    """The result of reading the mark of a picture or clip.

    Attributes:
        present: Whether a mark made with one of the keys is present, at a false-positive rate of 1e-6 per reading.
        ours: Whether the deployment sealed this picture under this id; only `read_provenance` can decide this.
        id: The id as 12 hexadecimal digits, or None where the payload's check failed.
        kind: The payload's kind, or None where its check failed.
        z: Peak of the template's correlation over its standard deviation.
        p_value: Bound on the chance that an unmarked picture reads this strongly.
    """

    present: bool
    ours: bool
    id: str | None
    kind: PayloadKind | None
    z: float
    p_value: float

    def __str__(self) -> str:
        """Return a short description of what was read."""
        found = "no mark"
        if self.present:
            found = f"{self.kind} mark {self.id}" if self.id else "a mark whose id cannot be read"
        return f"{found}, z = {self.z:.2f}, p = {self.p_value:.2g}"


def read_mark(pixels: Frames, keys: bytes | Sequence[bytes], *, search: int = 1) -> MarkReading:
    """Read the mark of a still or of one clip.

    A clip is read from its first frame (a key frame, where coders keep most detail), then from up to 16 frames
    together.

    Args:
        pixels: uint8 RGB, `(H, W, 3)` or `(T, H, W, 3)`.
        keys: The 32-byte key it may have been marked with, or several, the likeliest first. The p-value counts them
            all, so that a further key requires a slightly higher z. The picture is folded onto the tile only once.
        search: 0 reads whole or resized pictures and crops at their original scale, mirrored or turned by quarters or
            not; 1 also pictures
            that were turned by up to 12 degrees, stretched by up to 13 % or cropped to 0.42 of the short side and
            resized; 2 also rotations by up to 45 degrees and shears by
            up to 8 %, and tries more of the likely changes.

    Raises:
        MediaError: The array is no RGB picture or clip.
        IdentityError: There is no key, or one of another length.
    """
    check_frames(pixels)
    frames = pixels[None] if pixels.ndim == 3 else pixels
    lumas = [_bounded(grey(frames[i])) for i in spread(len(frames), _CLIP_FRAMES)]
    tried = (keys,) if isinstance(keys, bytes) else tuple(keys)
    if not tried:
        raise IdentityError("a mark cannot be read without a key; give the mark keys of a deployment")
    readers = [Reader(key, keys=len(tried)) for key in tried]
    reading = _first_reading(views(lumas, search) if min(lumas[0].shape) >= SMALLEST_SIDE else (), readers)
    _LOG.debug("%d frames, %d keys, search %d: %s", len(lumas), len(readers), search, reading)
    return reading


def _first_reading(found: Iterable[View], readers: Sequence[Reader]) -> MarkReading:
    """Try views, each with every key, and stop at the first payload; otherwise return the strongest reading."""
    for view in found:
        for reader in readers:
            if reader.look(view):
                return reader.reading
    return min(readers, key=lambda reader: reader.p_value).reading


class Reader:
    """Search one key's mark in views of a picture, count the tests made, and keep the strongest reading.

    `keys` is the number of keys that are tried on the picture.
    """

    def __init__(self, key: bytes, *, keys: int = 1) -> None:
        self.key = key
        self.keys = keys
        self.tests = 0.0
        self.carriers = carriers_of(key)
        self.highest = 0.0
        self.z = 0.0
        self.p_value = 1.0
        self.payload: Payload | None = None

    def read(self, found: Iterable[View]) -> MarkReading:
        """Try views in order and stop at the first that reads a payload."""
        return _first_reading(found, (self,))

    def look(self, view: View) -> bool:
        """Try a view; return whether it read a payload."""
        self.tests = 2 * self.keys * view.tests
        return bool(view.spectra) and (self._try_slots(view) if view.at_slots else self._try_shifts(view))

    @property
    def reading(self) -> MarkReading:
        """Return the result so far."""
        present = self.p_value <= FALSE_POSITIVE_RATE
        if self.payload is None or not present:
            return MarkReading(present, False, None, None, self.z, self.p_value)
        return MarkReading(present, False, self.payload.hex, self.payload.kind, self.z, self.p_value)

    def _try_slots(self, view: View) -> bool:
        """Decode the strongest slot; return whether it read a payload whose id belongs there."""
        surface = correlate(view.spectra, self.carriers)[0]
        slots = self.carriers.slots
        slot = int(surface[slots[:, 0], slots[:, 1]].argmax())
        row, column = slots[slot].tolist()
        z = float(surface[row, column])
        self._settle(z, SLOTS)
        return z >= _PLAUSIBLE_SLOT and self._decode(view.spectra[0], z, (row, column), SLOTS, slot)

    def _try_shifts(self, view: View) -> bool:
        """Decode the strongest shifts, one of each spectrum; return whether one read a payload."""
        surfaces = correlate(view.spectra, self.carriers)
        peaks = surfaces.reshape(len(surfaces), -1).max(1)
        best = np.argsort(-peaks)[:_DECODED_PEAKS]
        self.highest = max(self.highest, float(peaks[best[0]]))
        self._settle(float(peaks[best[0]]), surfaces.size)
        return any(
            self._decode(view.spectra[i], *highest(surfaces[i]), surfaces.size, None)
            for i in best
            if peaks[i] >= _PLAUSIBLE_SHIFT
        )

    def _settle(self, z: float, shifts: int) -> None:
        """Record the strongest evidence of a mark without its payload."""
        p_value = self.tests * shifts * math.erfc(z / math.sqrt(2)) / 2
        if p_value < self.p_value:
            self.z, self.p_value = z, p_value

    def _decode(self, spectrum: Spectrum, z: float, shift: tuple[int, int], shifts: int, slot: int | None) -> bool:
        """Search a payload that checks and, where a slot is given, belongs there; return whether one is certain."""
        values = bit_values(spectrum, self.carriers, refine_shift(spectrum, self.carriers, shift))
        likely = z >= (_LIKELY_SLOT if slot is not None else _LIKELY_SHIFT)
        return any(self._found(decode(values, size), values, z, shifts, slot) for size in _LISTS[: 2 if likely else 1])

    def _found(self, messages: Bits, values: Floats64, z: float, shifts: int, slot: int | None) -> bool:
        """Return whether one of some messages checks and is certain, and record it."""
        for message in messages:
            payload = unframe_payload(message, self.key)
            if payload is None or slot not in (None, slot_of(payload.id, self.key)):
                continue
            c = float(values @ np.where(encode(message) == 1, 1.0, -1.0))
            payloads = _KINDS[payload.kind] * 2.0**ID_BITS / (1 if slot is None else SLOTS)
            r = (max(z, 0) ** 2 + max(c, 0) ** 2) / 2
            p_value = self.tests * shifts * payloads * (1 + r) * math.exp(-r)
            if p_value <= FALSE_POSITIVE_RATE:
                self.z, self.p_value, self.payload = z, p_value, payload
                return True
        return False


def _bounded(luma: Greys) -> Greys:
    """Return the middle of a very long picture; every part of it contains the whole mark."""
    limit = _LONGEST_ASPECT * min(luma.shape)
    top, left = (max(side - limit, 0) // 2 for side in luma.shape)
    return luma[top : top + limit, left : left + limit]
