"""Draw the picture of docs/benchmarks/detectors.md: the forgeries each method detects, by the training forgery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

Cells = Mapping[tuple[str, str, str], float]
"""AUC by method, training forgery and test forgery."""

_WIDEST = 3


def draw_matrix(cells: Cells, methods: Sequence[str], learned: Sequence[str], tested: Sequence[str], out: Path) -> None:
    """Draw one panel per method with one square per cell; chance level is white.

    Args:
        cells: AUC of each cell.
        methods: Methods, one panel each.
        learned: Training forgeries, one row each.
        tested: Test forgeries, one column each.
        out: PNG file to write.
    """
    mpl.use("Agg")
    lines = -(-len(methods) // _WIDEST)
    figure, axes = plt.subplots(
        lines, _WIDEST, figsize=(13, 3.9 * lines), sharex=True, sharey=True, layout="constrained"
    )
    panels = axes.ravel()
    for axis, method in zip(panels, methods, strict=False):
        values = np.array([[cells[method, row, column] for column in tested] for row in learned])
        axis.imshow(values, cmap="RdBu", vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(values):
            shade = "white" if abs(value - 0.5) > 0.35 else "black"
            weight = "bold" if learned[row] == tested[column] else "normal"
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=shade, fontsize=9, weight=weight)
        axis.set_title(method, fontsize=12)
        axis.set_xticks(range(len(tested)), tested, rotation=40, ha="right", fontsize=9)
        axis.set_yticks(range(len(learned)), learned, fontsize=9)
    for axis in panels[len(methods) :]:
        axis.axis("off")
    figure.supylabel("learned", fontsize=11)
    figure.supxlabel("tested", fontsize=11)
    figure.savefig(out, dpi=90)
    plt.close(figure)
