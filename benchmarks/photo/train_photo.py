"""Train the detector `photo` on portraits; `--work DIR` keeps meshes, log and checkpoints, outside the project.

A run that was stopped continues where its last checkpoint stands. The learning rate follows the time that training has
taken, so that a run ends when `--minutes` are over, however fast the machine is. The weights kept are those averages
over steps that were best on the validation people; no test person is looked at. `finish_photo` then fits what
interprets the scores, and writes the detector's folder.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from detectors import DetectorSpec, create_detector, find_spec
from detectors.preprocessing import resize_crop, to_input
from detectors.training.ema import RunningMean

from .distorting import distort
from .forging import MEASURED, cut_native, cut_varied, draw_forger
from .portraits import Image, Portrait, Split, read_portraits, split_portraits

NAME = "photo"
SEED = 18
PAIRS = 10
FIRST_SIZE, FIRST_SHARE = 176, 0.6
"""Side of the crops, in pixels, during the first share of the training; the contract's side afterwards."""
PEAK_RATE, WARM_UP, LAST_RATE = 5e-4, 60, 0.01
SMOOTHING = 0.05
FEWEST_DISTORTED, MOST_DISTORTED = 0.3, 0.75
"""Share of the distorted pairs at the beginning and at the end."""
AVERAGE = 0.99
LOOK_EVERY = 100


@dataclass(slots=True)
class Run:
    """State of a training run; everything that a checkpoint holds."""

    model: nn.Module
    mean: RunningMean
    optimizer: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    best: float = 0.0


def main() -> None:
    """Train, or finish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path, help="folder of portraits, one person each")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    parser.add_argument("--pretrained", type=Path, required=True, metavar="FILE", help="imagenet-lite0 as safetensors")
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    split = split_portraits(read_portraits(options.portraits, options.work))
    train(split, options.work, options.pretrained, options.minutes)


def train(split: Split, work: Path, pretrained: Path, minutes: float) -> None:
    """Train until the minutes are over; the best average of the weights stands in `best.pt` of the folder `work`."""
    spec = find_spec(NAME)
    run = resume(start(pretrained), work / "last.pt")
    held, labels = validation_set(split.validation, spec)
    run.model.train()
    limit, began, before = minutes * 60, time.monotonic(), run.seconds
    while run.seconds < limit:
        done = run.seconds / limit
        rng = np.random.default_rng([SEED, run.step])
        size = FIRST_SIZE if done < FIRST_SHARE else spec.input_size
        share = FEWEST_DISTORTED + done * (MOST_DISTORTED - FEWEST_DISTORTED)
        loss = learn(run, *draw_batch(split.train, spec, size, share, rng), done)
        run.seconds = before + time.monotonic() - began
        if run.step % LOOK_EVERY == 0 or run.seconds >= limit:
            look(run, held, labels, spec, work, loss)
            run.seconds = before + time.monotonic() - began


def start(pretrained: Path) -> Run:
    """Return a run at its beginning, from ImageNet weights."""
    model = create_detector(NAME, seed=SEED, pretrained=pretrained).model
    rest = [value for value in model.parameters() if value.dim() <= 1]
    matrices = [value for value in model.parameters() if value.dim() > 1]
    groups = [{"params": matrices, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0.0}]
    return Run(model, RunningMean(model, AVERAGE), torch.optim.AdamW(groups, lr=PEAK_RATE))


def learn(run: Run, planes: Tensor, labels: Tensor, done: float) -> float:
    """Take one step and return its loss; `done` is the share of the training that is over, in 0–1."""
    rate = PEAK_RATE * min(1, (run.step + 1) / WARM_UP) * max(LAST_RATE, 0.5 * (1 + np.cos(np.pi * min(1, done))))
    for group in run.optimizer.param_groups:
        group["lr"] = float(rate)
    logits = run.model(planes.contiguous(memory_format=torch.channels_last))
    loss = nn.functional.binary_cross_entropy_with_logits(logits, labels * (1 - 2 * SMOOTHING) + SMOOTHING)
    run.optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(run.model.parameters(), 5.0)
    run.optimizer.step()
    run.mean.update(run.model)
    run.step += 1
    return float(loss.detach())


def draw_batch(
    people: Sequence[Portrait], spec: DetectorSpec, size: int, distorted: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return network input (2·PAIRS, 3, size, size) and labels of pairs: a genuine and a forged picture of one moment.

    Args:
        people: People of the training split.
        spec: Spec of the crops.
        size: Side of the network's input.
        distorted: Share of the pairs that are distorted, in 0–1.
        rng: Source of all random draws.
    """
    crops: list[Image] = []
    for index in rng.choice(len(people), PAIRS, replace=False):
        portrait = people[int(index)].shrunk(float(rng.uniform(0.45, 1)) if rng.random() < 0.6 else 1.0)
        made = draw_forger(rng)(portrait, people, rng)
        pair = cut_varied(made, spec, rng)
        pair = distort(pair, rng) if rng.random() < distorted else pair
        crops += [resize_crop(crop, size) for crop in pair]
    return to_input(np.stack(crops), spec), torch.tensor([0.0, 1.0] * PAIRS)


def validation_set(people: Sequence[Portrait], spec: DetectorSpec) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return crops of validation people and a kind for each: twice the forgery's number, plus 1 where it is forged.

    Every forgery has half of the people; every second pair is distorted.
    """
    crops, kinds = [], []
    for number, forger in enumerate(MEASURED.values()):
        for place, portrait in enumerate(people[number % 2 :: 2]):
            rng = np.random.default_rng([SEED, 1, number, place])
            genuine, forged, box = forger(portrait, people, rng)
            pair = [cut_native(picture, box, spec) for picture in (genuine, forged)]
            pair = distort(pair, rng) if place % 2 else pair
            crops += [resize_crop(crop, spec.input_size) for crop in pair]
            kinds += [2 * number, 2 * number + 1]
    return np.stack(crops), np.array(kinds, dtype=np.int64)


def look(
    run: Run, held: NDArray[np.uint8], kinds: NDArray[np.int64], spec: DetectorSpec, work: Path, loss: float
) -> None:
    """Measure the averaged weights on validation people, keep them where they are the best, and write a checkpoint."""
    run.model.eval()
    with run.mean.inside(run.model):
        scores = score(run.model, held, spec)
        genuine = scores[kinds % 2 == 0]
        by_forgery = {
            name: float(roc_auc_score(kinds[(rows := (kinds // 2 == number))] % 2, scores[rows]))
            for number, name in enumerate(MEASURED)
        }
        overall = float(roc_auc_score(kinds % 2, scores))
        if (value := float(np.mean([*by_forgery.values(), overall]))) > run.best:
            run.best = value
            torch.save(run.model.state_dict(), work / "best.pt")
    run.model.train()
    parts = " ".join(f"{name} {auc:.3f}" for name, auc in by_forgery.items())
    limit = np.quantile(genuine, 0.95)
    caught = float((scores[kinds % 2 == 1] > limit).mean())
    line = f"step {run.step} seconds {run.seconds:.0f} loss {loss:.3f} all {overall:.3f} tpr@5 {caught:.3f} {parts}"
    print(line, "best" if value == run.best else "", flush=True)
    with (work / "log.txt").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    state: dict[str, object] = {
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "mean": run.mean.tensors,
    }
    state |= {"averaged": run.mean.steps, "step": run.step, "seconds": run.seconds, "best": run.best}
    torch.save(state, work / "part.pt")
    (work / "part.pt").replace(work / "last.pt")


def score(model: nn.Module, crops: NDArray[np.uint8], spec: DetectorSpec) -> NDArray[np.float64]:
    """Return the logits (N,) of crops."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(crops), 50):
            planes = to_input(crops[first : first + 50], spec).contiguous(memory_format=torch.channels_last)
            parts.append(model(planes).double().numpy())
    return np.concatenate(parts)


def resume(run: Run, file: Path) -> Run:
    """Return a run as its checkpoint left it, or unchanged where there is none."""
    if file.is_file():
        state = torch.load(file, weights_only=True)
        run.model.load_state_dict(state["model"])
        run.optimizer.load_state_dict(state["optimizer"])
        run.mean.tensors, run.mean.steps = state["mean"], state["averaged"]
        run.step, run.seconds, run.best = state["step"], state["seconds"], state["best"]
    return run


if __name__ == "__main__":
    main()
