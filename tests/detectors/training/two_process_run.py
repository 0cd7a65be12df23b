"""Run a short training and write its weights; the two-process test starts this program twice."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from detectors import AugmentConfig, TrainConfig, create_detector, train_detector
from tests.detectors.grain import crops_of

if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    quiet = AugmentConfig(jpeg=0, resize=0, blur=0, colour=0, noise=0)
    detector = create_detector("toy_linear_probe")
    held = crops_of(16, seed=9)
    config = TrainConfig(epochs=2, batch_size=8, augment=quiet)
    train_detector(detector, crops_of(20), config, validation=held, checkpoint=folder / "run")
    torch.save(detector.model.state_dict(), folder / f"weights-{os.environ['RANK']}.pt")
    torch.distributed.destroy_process_group()
