"""Train the judge of generation quality on true puppet frames, and write it with its card.

What it may be trusted with is measured on puppets it never saw, every time generation is measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from forensics.evaluation.quality.judge import JUDGE_FOLDER, save_judge
from forensics.evaluation.quality.judge_training import Recipe, draw_examples, train_identity, train_parameters


def main() -> None:
    """Draw, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=JUDGE_FOLDER)
    parser.add_argument("--puppets", type=int, default=Recipe.puppets)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(puppets=options.puppets, epochs=options.epochs)
    examples = draw_examples(recipe.puppets, recipe.frames, recipe.seed, _say)
    parameters, middle, spread = train_parameters(examples, recipe, _say)
    identity = train_identity(examples, recipe, _say)
    save_judge(options.out, parameters, middle, spread, identity, recipe)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
