"""Train the judge of generation quality on true puppet frames, and write it with its card.

Its accuracy on unseen puppets is measured by `python -m benchmarks.generator.judge`. With `--examples` the rendered
frames are stored, and the same command resumes an interrupted run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from forensics.evaluation.generator_quality import (
    JUDGE_FOLDER,
    Recipe,
    draw_examples,
    place_errors,
    sample_faces,
    save_judge,
    train_identity,
    train_places,
    train_values,
)


def main() -> None:
    """Render, train, and write the judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=JUDGE_FOLDER)
    parser.add_argument("--examples", type=Path, help="folder where drawn frames and half-done trainings are kept")
    parser.add_argument("--puppets", type=int, default=Recipe().puppets)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(puppets=options.puppets, epochs=options.epochs)
    folder: Path | None = options.examples
    kept = [None, None] if folder is None else [folder / "places.part", folder / "identity.part"]
    examples = draw_examples(recipe.puppets, recipe.frames, recipe.seed, folder, _say)
    places = train_places(examples, recipe, _say, kept[0])
    identity = train_identity(examples, recipe, _say, kept[1])
    others = draw_examples(recipe.held_back, recipe.frames, recipe.seed + 2, folder, _say)
    faces = sample_faces(recipe.faces, recipe.seed + 1)
    values = train_values(faces, place_errors(places, others), recipe.value_epochs, recipe.seed, _say)
    save_judge(options.out, places, values, identity, recipe)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
