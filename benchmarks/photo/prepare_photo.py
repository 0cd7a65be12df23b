"""Draw the avatars and reenact the faces that training and measurement of `photo` use, in the folder `--work`.

Whatever is there is kept, so that it may be stopped and started again, also beside a training.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch

from .drawing import TEST, TRAIN, VALIDATION, make_avatars
from .portraits import read_portraits, split_portraits
from .reenacting import LEARNED, Reenactor


def main() -> None:
    """Make what is missing: first what validates, then what is learned from, then what is tested on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    split, reenactor = split_portraits(read_portraits(options.portraits, options.work)), Reenactor(options.work)
    parts = ((split.validation, VALIDATION), (split.train[:LEARNED], TRAIN), (split.test, TEST))
    for people, numbers in parts:
        for place in range(max(len(people), len(numbers))):
            for portrait in people[place : place + 1]:
                reenactor.of(portrait)
            make_avatars(numbers[place : place + 1], options.work)
            if place % 20 == 0:
                print(f"{place} of {len(people)} people and {len(numbers)} avatars", flush=True)


if __name__ == "__main__":
    main()
