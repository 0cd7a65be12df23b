"""Train the network that finds faces in drawings, on avatars in all styles, and write it with its card.

Avatars are rendered once and kept in a folder; each step changes their proportions, framing and look, or draws their
faces anew with few strokes. The same command resumes an interrupted run.

    python -m benchmarks.generator.train_drawing_landmarks --examples FOLDER
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import torch

from benchmarks.generator.drawing_landmarks.examples import draw_examples
from benchmarks.generator.drawing_landmarks.learning import Recipe, basis_of, train
from generator.trackers.drawn_face import DRAWN_FACE, save_drawn_face


def main() -> None:
    """Render, train, and write the network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=Path, required=True, help="folder of rendered avatars and of the checkpoint")
    parser.add_argument("--out", type=Path, default=DRAWN_FACE, help="folder of the weights (default: %(default)s)")
    parser.add_argument("--avatars", type=int, default=Recipe().avatars)
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--processes", type=int, default=1, help="processes that learn (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    recipe = replace(Recipe(), avatars=options.avatars, steps=options.steps)
    examples = draw_examples(recipe.avatars, options.examples, _say)
    network = train(examples, recipe, _say, options.examples / "training.part", options.processes)
    basis = basis_of(examples, recipe)
    save_drawn_face(network, basis, card_of(recipe), options.out)


def card_of(recipe: Recipe) -> dict[str, object]:
    """Return what the card says about the training."""
    return {
        "name": "drawn-face",
        "use": "finding a face in a drawing and its 478 points; no face recogniser",
        "data": "avatars drawn by generator.avatars in all styles, and faces drawn with few strokes at their points",
        "training": asdict(recipe),
        "command": "python -m benchmarks.generator.train_drawing_landmarks --examples FOLDER",
        "licence": "Apache-2.0",
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
