"""List the hypotheses about the geometry of a picture under which its mark is looked for, from cheap to costly.

A view folds the whitened picture onto one tile. No key is used. Each view has a share of the false-positive rate, and
the shares of all views of a reading sum to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from watermark.media.frames import spread

from .correlation import canonical_size, folded_spectrum, mirrored, turned
from .registration import Residual, likely_changes
from .tile import TILE, Floats, Greys, Spectrum, whole_scales

_SEARCH_FRAMES = 4
# Views of a clip: three tiles, uncropped, cropped and mirrored, from one frame and from many; then the search.
_UPRIGHT_VIEWS, _UPRIGHT_SHARE = 11, 0.99
# Three tiles in seven other orientations, and crops in six, from one frame and from many; then the search; then the
# same as upright, without the search, for what lies within a plain border; then upright crops of wide pictures.
_FURTHER_VIEWS, _FURTHER_SHARE = 57, 0.01

# Sides of a tile, in pixels, in crops at their original scale from pictures of the usual sizes.
_CROPPED_TILES = (64, 96, 128, 192, 256)
_CROPPED_RANGE = (0.2, 2.2)
_SMALLEST_CANONICAL_SIDE = 96
SMALLEST_SIDE = 96
"""Pixels of the short side of the smallest picture that is looked at."""

# A row of a border has this many levels at most, and a border this many rows at least.
_PLAIN, _THINNEST = 12, 3
_CHANGES = {1: 6, 2: 24}


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Folded spectra of a picture under several hypotheses about its geometry, `(128, 65)` each.

    Attributes:
        spectra: One for each hypothesis.
        at_slots: Whether the picture is uncropped, so that its first tile begins at one of the slots.
        further: Whether the picture is looked at in another orientation than it has, or without its border.
    """

    spectra: Sequence[Spectrum]
    at_slots: bool
    further: bool = False

    @property
    def tests(self) -> float:
        """Return by how much the chance of a false reading in this view counts, for one statistic and one key."""
        return _FURTHER_VIEWS / _FURTHER_SHARE if self.further else _UPRIGHT_VIEWS / _UPRIGHT_SHARE


def views(lumas: Sequence[Greys | Floats], search: int) -> Iterator[View]:
    """Yield every hypothesis about the geometry of a still or clip, as folded spectra, from cheap to costly.

    No key is used.
    """
    groups: list[Sequence[Greys | Floats]] = [lumas[:1], lumas] if len(lumas) > 1 else [lumas]
    found: list[list[Spectrum]] = [[] for _ in groups]
    yield from _upright_views(groups, found)
    height, width = lumas[0].shape
    sizes = [canonical_size(height, width, scale) for scale in whole_scales(height, width)]
    yield from _turned_views(found, sizes)
    within = inner_part(lumas[0])
    if within is not None:
        cut = [[luma[within] for luma in group] for group in groups]
        yield from (replace(view, further=True) for view in _upright_views(cut, [[] for _ in groups]))
    yield from _tall_crops(groups)
    if search > 0:
        few = [lumas[i] for i in spread(len(lumas), _SEARCH_FRAMES)]
        changed = list(_changed(few, _CHANGES[min(search, 2)], wide=search > 1))
        yield View([each for one in changed for each in (one, mirrored(one))], at_slots=False)
        yield View([each for one in changed for each in turned(one)[1:]], at_slots=False, further=True)


def _upright_views(groups: Sequence[Sequence[Greys | Floats]], found: Sequence[list[Spectrum]]) -> Iterator[View]:
    """Yield the views of pictures as they stand, whole and cropped, and fill `found` with the spectra of each group."""
    height, width = groups[0][0].shape
    for scale in whole_scales(height, width):
        for group, spectra in zip(groups, found, strict=True):
            spectra.append(folded_spectrum(group, scale))
            yield View(spectra[-1:], at_slots=True)
    for group, spectra in zip(groups, found, strict=True):
        spectra += [folded_spectrum(group, scale) for scale in _cropped_scales(height, width)]
        yield View(spectra, at_slots=False)
        yield View([mirrored(spectrum) for spectrum in spectra], at_slots=False)


def _tall_crops(groups: Sequence[Sequence[Greys | Floats]]) -> Iterator[View]:
    """Yield views of pictures whose long side was the short one of a wider picture, as when 16:9 is cropped to 9:16."""
    height, width = groups[0][0].shape
    if height == width:
        return
    for group in groups:
        spectra = [folded_spectrum(group, scale) for scale in whole_scales(max(height, width), max(height, width))]
        yield View([each for one in spectra for each in (one, mirrored(one))], at_slots=False, further=True)


def inner_part(luma: Greys | Floats) -> tuple[slice, slice] | None:
    """Return rows and columns of what lies within a plain border, None where there is no border or too little inside.

    A border is made of rows or columns at the edge, each of which has one tone up to the noise of a coder.

    Args:
        luma: Luminance, 0 … 255, `(H, W)`.
    """
    spans = []
    for axis, length in enumerate(luma.shape):
        lively = np.flatnonzero(np.ptp(luma, axis=1 - axis) > _PLAIN)
        if not lively.size:
            return None
        first, last = int(lively[0]), int(lively[-1]) + 1
        spans.append(slice(first if first >= _THINNEST else 0, last if length - last >= _THINNEST else length))
    inside = [span.stop - span.start for span in spans]
    if inside == list(luma.shape) or min(inside) < SMALLEST_SIDE:
        return None
    return spans[0], spans[1]


def _turned_views(found: Sequence[Sequence[Spectrum]], sizes: Sequence[tuple[int, int]]) -> Iterator[View]:
    """Yield the views of a picture in its other quarter turns and mirror images.

    Args:
        found: Folded spectra of each group of frames, those of whole pictures first.
        sizes: Rows and columns of the picture at the canonical scale of each whole picture.
    """
    for spectra in found:
        for spectrum, size in zip(spectra, sizes, strict=False):
            for one in turned(spectrum, size):
                yield View([one], at_slots=True, further=True)
    for spectra in found:
        yield View([one for spectrum in spectra for one in turned(spectrum)[1:]], at_slots=False, further=True)


def _changed(lumas: Sequence[Greys | Floats], count: int, *, wide: bool) -> Iterator[Spectrum]:
    """Yield folded spectra under the likeliest changes of the first frame."""
    residuals = [Residual.of(luma) for luma in lumas]
    for change in likely_changes(residuals[0], count, wide=wide):
        yield np.sum([residual.folded(change) for residual in residuals], axis=0)


def _cropped_scales(height: int, width: int) -> list[float]:
    """Return the scales of crops from pictures of the usual sizes."""
    known, short = whole_scales(height, width), min(height, width)
    scales = []
    for scale in (TILE / tile for tile in _CROPPED_TILES):
        in_range = _CROPPED_RANGE[0] < scale * short / 512 < _CROPPED_RANGE[1]
        if in_range and scale * short >= _SMALLEST_CANONICAL_SIDE and all(abs(scale - k) > 1e-6 for k in known):
            scales.append(scale)
    return scales
