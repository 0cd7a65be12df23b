"""Read a mark from pixels.

A reading tries hypotheses about how the picture lies over the tile. Each one folds the whitened picture onto one tile
and correlates it with the key's template; the strongest shift is decoded. A picture that was not cropped can only show
the tile at one of 64 slots; elsewhere all 128² shifts are searched. The answer's p-value bounds the chance that an
unmarked picture reads this strongly, over everything that was tried:

    p ≤ stages · shifts · Q(z) · (decodings · 2 kinds · 2⁻¹⁶ / slots where the payload's check passed, else 1)

with Q the Gaussian tail, which measured tails of unmarked pictures stay below, `stages` the number of times a reading
may stop early, and `slots` 64 where the id also had to name the slot it was found at, else 1. A mark is present where
p ≤ 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .correlation import bit_values, correlate, folded_spectrum, mirrored, refine_shift
from .error_correction import decode
from .frames import Frames, check_frames, spread
from .payload import CHECK_BITS, Payload, PayloadKind, unframe_payload
from .registration import Residual, likely_changes
from .tile import SLOTS, TILE, Floats, Greys, Spectrum, carriers_of, grey, slot_of, whole_scales

FALSE_POSITIVE_RATE = 1e-6

_CLIP_FRAMES = 16
_SEARCH_FRAMES = 4
_STAGES = 8

# Sides of a tile, in pixels, in crops at their original scale from pictures of the usual sizes.
_CROPPED_TILES = (64, 96, 128, 192, 256)
_CROPPED_RANGE = (0.2, 2.2)
_SMALLEST_CANONICAL_SIDE = 96
_SMALLEST_SIDE = 96
_LONGEST_ASPECT = 4
_CHANGES = {1: 6, 2: 24}


@dataclass(frozen=True, slots=True)
class MarkReading:
    """What a picture or clip says about its mark.

    Attributes:
        present: A mark made with this key is there, at a false-positive rate of 1e-6 a reading.
        ours: The deployment sealed this picture under this id; only `read_provenance` can tell.
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


def read_mark(pixels: Frames, key: bytes, *, search: int = 1) -> MarkReading:
    """Read the mark of a still or of one clip.

    A clip is read from its first frame (a key frame, where coders keep most detail), then from up to 16 frames
    together.

    Args:
        pixels: uint8 RGB, `(H, W, 3)` or `(T, H, W, 3)`.
        key: The 32-byte key it may have been marked with.
        search: 0 reads whole or resized pictures and crops at their original scale, mirrored or not; 1 also pictures
            that were turned by up to 12 degrees, stretched by up to 13 % or cropped to 0.42 of the short side and
            resized; 2 tries more of the likely changes.

    Raises:
        MediaError: The array is no RGB picture or clip.
    """
    check_frames(pixels)
    frames = pixels[None] if pixels.ndim == 3 else pixels
    lumas = [_bounded(grey(frames[i])) for i in spread(len(frames), _CLIP_FRAMES)]
    reader = Reader(key)
    return reader.read(views(lumas, search) if min(lumas[0].shape) >= _SMALLEST_SIDE else ())


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Folded spectra of a picture laid over the tile in several ways, `(128, 65)` each.

    Attributes:
        spectra: One for each way.
        at_slots: The picture is whole, so its first tile begins at one of the slots.
    """

    spectra: Sequence[Spectrum]
    at_slots: bool


class Reader:
    """Looks for one key's mark in views of a picture, counts what it tries, and keeps the strongest reading."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.carriers = carriers_of(key)
        self.shifts = 0
        self.decodings = 0
        self.highest = 0.0
        self.z = 0.0
        self.p_value = 1.0
        self.payload: Payload | None = None

    def read(self, found: Iterable[View]) -> MarkReading:
        """Go through views and stop at the first that reads a payload."""
        for view in found:
            if view.spectra and (self._try_slots(view) if view.at_slots else self._try_shifts(view)):
                break
        present = self.p_value <= FALSE_POSITIVE_RATE
        if self.payload is None or not present:
            return MarkReading(present, False, None, None, self.z, self.p_value)
        return MarkReading(present, False, self.payload.hex, self.payload.kind, self.z, self.p_value)

    def _try_slots(self, view: View) -> bool:
        """Decode the strongest slot; return whether it read a payload whose id belongs there."""
        surface = correlate(view.spectra, self.carriers)[0]
        self.shifts += SLOTS
        slots = self.carriers.slots
        slot = int(surface[slots[:, 0], slots[:, 1]].argmax())
        row, column = slots[slot].tolist()
        return self._settle(view.spectra[0], float(surface[row, column]), (row, column), slot)

    def _try_shifts(self, view: View) -> bool:
        """Decode the strongest shift of all spectra; return whether it read a payload."""
        surfaces = correlate(view.spectra, self.carriers)
        self.shifts += surfaces.size
        best, place = divmod(int(surfaces.argmax()), TILE * TILE)
        z = float(surfaces[best].flat[place])
        self.highest = max(self.highest, z)
        return self._settle(view.spectra[best], z, divmod(place, TILE), None)

    def _settle(self, spectrum: Spectrum, z: float, shift: tuple[int, int], slot: int | None) -> bool:
        """Decode where a payload that checks would count; return whether one did."""
        payload = None
        if self._bound(z, checks=1 if slot is None else SLOTS, decodings=self.decodings + 1) <= FALSE_POSITIVE_RATE:
            self.decodings += 1
            fine = refine_shift(spectrum, self.carriers, shift)
            payload = unframe_payload(decode(bit_values(spectrum, self.carriers, fine)), self.key)
            if payload is not None and slot is not None and slot_of(payload.id, self.key) != slot:
                payload = None
        checks = 0 if payload is None else 1 if slot is None else SLOTS
        p_value = self._bound(z, checks=checks, decodings=self.decodings)
        if payload is not None or p_value < self.p_value:
            self.z, self.p_value, self.payload = z, p_value, payload
        return payload is not None

    def _bound(self, z: float, *, checks: int, decodings: int) -> float:
        """Bound the chance that an unmarked picture reads as strongly, over everything tried so far.

        `checks` is 0 without a payload, else how many slots the payload's id could have named.
        """
        bound = _STAGES * self.shifts * math.erfc(z / math.sqrt(2)) / 2
        if checks:
            bound *= decodings * len(PayloadKind) * 2.0**-CHECK_BITS / checks
        return min(bound, 1.0)


def views(lumas: Sequence[Greys | Floats], search: int) -> Iterator[View]:
    """Yield every way in which a still's or clip's luminances are laid over the tile, from cheap to costly.

    No key takes part.
    """
    groups = [lumas[:1], lumas] if len(lumas) > 1 else [lumas]
    found: list[list[Spectrum]] = [[] for _ in groups]
    for scale in whole_scales(*lumas[0].shape):
        for group, spectra in zip(groups, found, strict=True):
            spectra.append(folded_spectrum(group, scale))
            yield View(spectra[-1:], at_slots=True)
    for group, spectra in zip(groups, found, strict=True):
        spectra += [folded_spectrum(group, scale) for scale in _cropped_scales(*lumas[0].shape)]
        yield View(spectra, at_slots=False)
        yield View([mirrored(spectrum) for spectrum in spectra], at_slots=False)
    if search > 0:
        few = [lumas[i] for i in spread(len(lumas), _SEARCH_FRAMES)]
        yield View(list(_changed(few, _CHANGES[min(search, 2)])), at_slots=False)


def _changed(lumas: Sequence[Greys | Floats], count: int) -> Iterator[Spectrum]:
    """Yield folded spectra under the likeliest changes of the first frame, each mirrored as well."""
    residuals = [Residual.of(luma) for luma in lumas]
    for change in likely_changes(residuals[0], count):
        spectrum = np.sum([residual.folded(change) for residual in residuals], axis=0)
        yield spectrum
        yield mirrored(spectrum)


def _cropped_scales(height: int, width: int) -> list[float]:
    """Return the scales of crops from pictures of the usual sizes."""
    known, short = whole_scales(height, width), min(height, width)
    scales = []
    for scale in (TILE / tile for tile in _CROPPED_TILES):
        in_range = _CROPPED_RANGE[0] < scale * short / 512 < _CROPPED_RANGE[1]
        if in_range and scale * short >= _SMALLEST_CANONICAL_SIDE and all(abs(scale - k) > 1e-6 for k in known):
            scales.append(scale)
    return scales


def _bounded(luma: Greys) -> Greys:
    """Return the middle of a very long picture; every part of it carries the whole mark."""
    limit = _LONGEST_ASPECT * min(luma.shape)
    top, left = (max(side - limit, 0) // 2 for side in luma.shape)
    return luma[top : top + limit, left : left + limit]
