"""Train the detector `photo` on portraits and drawn avatars, from ImageNet weights or from those of a detector.

`--work DIR`, outside the project, keeps meshes, avatars, reenactments, log and checkpoints. Avatars and reenactments to
learn from are made by `prepare_photo`; it may run beside the training, which takes what is there.

A run that was stopped continues where its last checkpoint stands. The learning rate follows the time that training has
taken, so that a run ends when `--minutes` are over, however fast the machine is. The weights kept are those averages
over steps that were best on the validation people; no test person is looked at. `finish_photo` then fits what
interprets the scores, and writes the detector's folder.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from detectors import DetectorSpec, create_detector, find_spec, load_detector
from detectors.preprocessing import resize_crop, to_input
from detectors.training.ema import RunningMean

from .distorting import distort
from .drawing import TRAIN, VALIDATION, kept_avatars, make_avatars
from .forging import MEASURED, Made, alike, cut_native, cut_varied, draw_forger, measured_of
from .measured_pictures import Pictures, keep
from .portraits import SEED, Image, Portrait, read_portraits, split_portraits
from .reenacting import Reenactor

NAME = "photo"
PAIRS = 10
FIRST_SIZE, FIRST_SHARE = 176, 0.7
"""Side of the crops, in pixels, during the first share of the training; the contract's side afterwards."""
PEAK_RATE, WARM_UP, LAST_RATE = 4e-4, 60, 0.01
SMOOTHING = 0.05
FEWEST_DISTORTED, MOST_DISTORTED = 0.3, 0.75
"""Share of the distorted pairs at the beginning and at the end."""
AVERAGE = 0.99
LOOK_EVERY, SAVE_EVERY = 120, 20
"""Steps between two measurements on validation faces, and between two checkpoints."""
AVATARS = 0.25
"""Share of the pairs that show drawn avatars."""
KEPT, AGAIN = 300, 0.4
"""Number of forged pairs that are kept in memory, and the share of pairs that are taken from them a second time; their
crops and distortions are drawn anew."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run learns from, and what it is judged by.

    Attributes:
        people: Portraits of people.
        avatars: Drawn avatars.
    """

    people: Sequence[Portrait]
    avatars: Sequence[Portrait]

    def draw(self, rng: np.random.Generator) -> Made:
        """Forge one of the faces, at a size that varies."""
        group = self.avatars if self.avatars and rng.random() < AVATARS else self.people
        portrait = group[int(rng.integers(len(group)))]
        portrait = portrait.shrunk(float(rng.uniform(0.4, 1)) if rng.random() < 0.7 else 1.0)
        return draw_forger(portrait, rng)(portrait, alike(portrait, group), rng)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Crops of validation faces.

    Attributes:
        crops: (N, S, S, 3) uint8.
        labels: (N,) 1 where forged.
        kinds: Forgery of each crop and its genuine half; `AVATAR` for all those of avatars.
    """

    crops: NDArray[np.uint8]
    labels: Numbers
    kinds: NDArray[np.str_]


AVATAR = "avatars"


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
    """Train, or continue."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path, help="folder of portraits, one person each")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--pretrained", type=Path, metavar="FILE", help="imagenet-lite0 as safetensors")
    source.add_argument("--detector", metavar="NAME_OR_DIR", help="a trained detector to go on from")
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    split, reenactor = split_portraits(read_portraits(options.portraits, options.work)), Reenactor(options.work)
    held = Shown([reenactor.of(one) for one in split.validation], make_avatars(VALIDATION, options.work))

    def learned() -> Shown:
        return Shown([reenactor.kept(one) for one in split.train], kept_avatars(TRAIN, options.work))

    model = load_detector(options.detector).model if options.detector else start(options.pretrained)
    train(model, learned, held, options.work, options.minutes)


def start(pretrained: Path) -> nn.Module:
    """Return the network with ImageNet weights."""
    return create_detector(NAME, seed=SEED, pretrained=pretrained).model


def train(model: nn.Module, learned: Callable[[], Shown], judged: Shown, work: Path, minutes: float) -> None:
    """Train until the minutes are over; the best average of the weights stands in `best.pt` of the folder `work`.

    Args:
        model: The network.
        learned: Reads the faces to learn from; it is called again at every look, since more may have been made.
        judged: The validation faces.
        work: The folder.
        minutes: Wall time of the whole training.
    """
    spec = find_spec(NAME)
    run = resume(begin(model), work / "last.pt")
    held = held_of(keep(work / "validation.npz", lambda: validation_set(judged, spec)))
    shown, kept = learned(), deque[Made](maxlen=KEPT)
    run.model.train()
    limit, began, before = minutes * 60, time.monotonic(), run.seconds
    while run.seconds < limit:
        done = run.seconds / limit
        rng = np.random.default_rng([SEED, run.step])
        size = FIRST_SIZE if done < FIRST_SHARE else spec.input_size
        share = FEWEST_DISTORTED + done * (MOST_DISTORTED - FEWEST_DISTORTED)
        loss = learn(run, *draw_batch(shown, kept, spec, size, share, rng), done)
        run.seconds = before + time.monotonic() - began
        if run.step % LOOK_EVERY == 0 or run.seconds >= limit:
            look(run, held, spec, work, loss)
            shown = learned()
            run.seconds = before + time.monotonic() - began
        if run.step % SAVE_EVERY == 0 or run.seconds >= limit:
            save(run, work)


def begin(model: nn.Module) -> Run:
    """Return a run at its beginning."""
    for value in model.parameters():
        value.requires_grad_(True)
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
    shown: Shown, kept: deque[Made], spec: DetectorSpec, size: int, distorted: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return network input (2·PAIRS, 3, size, size) and labels of pairs: a genuine and a forged picture of one face.

    Args:
        shown: Faces of the training split.
        kept: Forged pairs of earlier batches, which receives the new ones.
        spec: Spec of the crops.
        size: Side of the network's input.
        distorted: Share of the pairs that are distorted, in 0–1.
        rng: Source of all random draws.
    """
    crops: list[Image] = []
    for _ in range(PAIRS):
        if len(kept) == KEPT and rng.random() < AGAIN:
            made = kept[int(rng.integers(KEPT))]
        else:
            made = shown.draw(rng)
            kept.append(made)
        pair = cut_varied(made, spec, rng)
        pair = distort(pair, rng) if rng.random() < distorted else pair
        crops += [resize_crop(crop, size) for crop in pair]
    return to_input(np.stack(crops), spec), torch.tensor([0.0, 1.0] * PAIRS)


def validation_set(shown: Shown, spec: DetectorSpec) -> Pictures:
    """Return crops of validation faces: every forgery of half of the people and of a quarter of the avatars.

    About half of the pairs are distorted.
    """
    found = Pictures()
    for group, share in ((shown.people, 2), (shown.avatars, 4)):
        for place, portrait in enumerate(group):
            for number, (name, forger) in enumerate(measured_of(portrait).items()):
                if (place + number) % share:
                    continue
                rng = np.random.default_rng([SEED, 1, number, place])
                genuine, forged, box = forger(portrait, alike(portrait, group), rng)
                pair = [cut_native(picture, box, spec) for picture in (genuine, forged)]
                for crop in distort(pair, rng) if rng.random() < 0.5 else pair:
                    kind = name if group is shown.people else AVATAR
                    found.add(resize_crop(crop, spec.input_size), kind, portrait.name, "")
    return found


def held_of(pictures: Pictures) -> Held:
    """Return validation pictures, genuine and forged in turn, with their labels."""
    return Held(np.stack(pictures.crops), np.tile([0, 1], len(pictures.crops) // 2), np.array(pictures.kinds))


def look(run: Run, held: Held, spec: DetectorSpec, work: Path, loss: float) -> None:
    """Measure the averaged weights on validation faces, and keep them where they are the best."""
    run.model.eval()
    with run.mean.inside(run.model):
        scores = score(run.model, held.crops, spec)
        people = held.kinds != AVATAR
        by_kind = {
            name: float(roc_auc_score(held.labels[rows := held.kinds == name], scores[rows]))
            for name in (*MEASURED, AVATAR)
        }
        overall = float(roc_auc_score(held.labels[people], scores[people]))
        if (value := float(np.mean([*by_kind.values(), overall]))) > run.best:
            run.best = value
            torch.save(run.model.state_dict(), work / "best.pt")
    run.model.train()
    parts = " ".join(f"{name} {auc:.3f}" for name, auc in by_kind.items())
    limit = np.quantile(scores[people & (held.labels == 0)], 0.95)
    caught = float((scores[people & (held.labels == 1)] > limit).mean())
    line = f"step {run.step} seconds {run.seconds:.0f} loss {loss:.3f} all {overall:.3f} tpr@5 {caught:.3f} {parts}"
    print(line, "best" if value == run.best else "", flush=True)
    with (work / "log.txt").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def save(run: Run, work: Path) -> None:
    """Write a checkpoint."""
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
