"""Draw histograms of the scores of both classes, back to back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from .drawing import line, rectangle, svg, text

BINS = 20
_LEFT, _WIDTH, _HEIGHT = 8, 380, 84
_LABEL = 90


def histogram_chart(
    name: str,
    genuine: Sequence[float],
    forged: Sequence[float],
    shade: str,
    *,
    threshold: float | None = None,
    low: float = 0.0,
    high: float = 1.0,
) -> Markup:
    """Draw the scores of genuine samples upwards and of manipulated ones downwards from a shared axis.

    Args:
        name: Name of the detector.
        genuine: Scores of genuine samples.
        forged: Scores of manipulated samples.
        shade: Style class of the manipulated ones.
        threshold: Threshold drawn as a line across, None without one.
        low: Score at the left end.
        high: Score at the right end.
    """
    axis = 14 + _HEIGHT
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.histogram(scores, edges)[0] for scores in (genuine, forged)]
    shares = [count / max(len(scores), 1) for count, scores in zip(counts, (genuine, forged), strict=True)]
    tallest = max(float(share.max()) for share in shares) or 1.0
    step = _WIDTH / BINS
    parts: list[Markup] = []
    for found, share, kind, upwards in zip(counts, shares, ("genuine", shade), (True, False), strict=True):
        for index in np.flatnonzero(found):
            length = max(float(share[index]) / tallest * (_HEIGHT - 22), 1.0)
            hint = f"{int(found[index])} samples from {edges[index]:.3g} to {edges[index + 1]:.3g}"
            top = axis - length if upwards else axis
            parts.append(rectangle(_LEFT + index * step + 1, top, step - 2, length, f"bar {kind}", hint))
    parts.append(line(_LEFT, axis, _LEFT + _WIDTH, axis, "axis"))
    if threshold is not None and low <= threshold <= high:
        x = _LEFT + _WIDTH * (threshold - low) / (high - low)
        anchor, nudge = ("end", -5) if x > _LEFT + _WIDTH * 0.6 else ("start", 5)
        height = 26 if x < _LEFT + _LABEL else 12  # beside the name of the class, or below it
        parts += [line(x, 16, x, axis + _HEIGHT - 8, "threshold"), text(x + nudge, height, "threshold", "tick", anchor)]
    for place, anchor in zip((0.0, 0.25, 0.5, 0.75, 1.0), ("start", *3 * ["middle"], "end"), strict=True):
        words = f"{low + place * (high - low):.3g}".replace("-", "\N{MINUS SIGN}")
        parts.append(text(_LEFT + _WIDTH * place, axis + _HEIGHT + 22, words, "tick", anchor))
    parts.append(text(_LEFT, 12, f"genuine, {len(genuine)}", "label"))
    parts.append(text(_LEFT, axis + _HEIGHT + 4, f"manipulated, {len(forged)}", "label"))
    return svg(_WIDTH + 16, axis + _HEIGHT + 28, f"Scores of {name} by class", parts)
