"""Run a short training, and record weights and examples; the two-process test starts this program twice."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from generator.training import Trainer
from tests.generator.training.training_stand_ins import RandomExamples, random_data, settings

if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    data = random_data()
    assert isinstance(data.training, RandomExamples)
    trainer = Trainer(folder / "run", settings(steps=3), data, device="cpu")
    trainer.run(lambda *_: None)
    process = trainer.accelerator.process_index
    torch.save({name: p.detach() for name, p in trainer.trained.items()}, folder / f"weights-{process}.pt")
    note = {"seen": data.training.seen, "processes": trainer.accelerator.num_processes}
    (folder / f"note-{process}.json").write_text(json.dumps(note))
    trainer.accelerator.end_training()
