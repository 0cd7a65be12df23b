"""Train a detector on face crops, and fit its calibration, scope and thresholds on validation crops."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from .appearance import describe
from .augmentation import AugmentConfig, augment, jpeg_roundtrip
from .calibration import fit_calibration
from .crop_sets import Crops, CropSet, Labels, check_set, digest_of, identities_of, subset
from .errors import TrainingError
from .preprocessing import to_input
from .resume import EpochLog, Progress, load_progress, save_progress
from .sampling import Draw, Group, PairSampler, hold_out
from .scope import Evidence, fit_scope
from .scoring import Detector
from .thresholds import fit_thresholds

ProgressCallback = Callable[[int, int, float], None]
_SCOPE_CROPS = 1024
_LOWEST_RATE = 0.02


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Set how a detector is trained.

    Attributes:
        epochs: Most passes over the data.
        batch_size: Crops per step, half of them genuine; an even number.
        learning_rate: Peak rate of AdamW; it warms up over the first tenth of the steps and falls along a cosine to 2
            %.
        weight_decay: Of AdamW.
        seed: Decides order, variations and hold-out.
        patience: Epochs without a better validation AUC before training stops.
        validation_share: Share of crops held out by identity where no validation set is given.
        scope_quantile: Share of the validation crops that each scope gate accepts.
        augment: How crops are varied.
        device: Where torch computes.
        max_seconds: Stop after the epoch in which this much time has passed; a run stopped so is not reproducible.
    """

    epochs: int = 8
    batch_size: int = 32
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    seed: int = 0
    patience: int = 4
    validation_share: float = 0.2
    scope_quantile: float = 0.97
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    device: str = "cpu"
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse settings that cannot train.

        Raises:
            TrainingError: If a number lies outside its range.
        """
        if self.epochs < 1 or self.batch_size < 2 or self.batch_size % 2 or self.patience < 1:
            raise TrainingError("epochs and patience are at least 1 and batch_size is even and at least 2")
        if not self.learning_rate > 0 or not 0 < self.validation_share < 1 or not 0 < self.scope_quantile < 1:
            raise TrainingError("learning_rate is above 0, validation_share and scope_quantile lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class TrainLog:
    """Record a training run.

    Attributes:
        epochs: One entry per epoch run.
        best_epoch: Number of the epoch whose weights were kept.
        validation_auc: Frame AUC of the kept weights on the validation crops.
        stopped_early: Whether patience or the clock ended the run.
        n_training: Training crops.
        n_validation: Validation crops.
        data_digest: SHA-256 of the training crops and labels.
        seed: As configured.
        seconds: Wall time of this call.
    """

    epochs: tuple[EpochLog, ...]
    best_epoch: int
    validation_auc: float
    stopped_early: bool
    n_training: int
    n_validation: int
    data_digest: str
    seed: int
    seconds: float


def train_detector(
    detector: Detector,
    crops: Crops,
    labels: Labels,
    groups: Sequence[Group],
    config: TrainConfig | None = None,
    *,
    validation: CropSet | None = None,
    progress: ProgressCallback | None = None,
    pairs: Sequence[str] | None = None,
    checkpoint: Path | None = None,
) -> TrainLog:
    """Train a detector in place and leave it calibrated, gated and with frozen thresholds.

    The best epoch is chosen by frame AUC on the validation crops, which come from the source domain; no test data
    enters here. The same seed, data, machine and thread count give the same weights.

    Args:
        detector: Trained in place, from the weights it has.
        crops: (N, S, S, 3) uint8 RGB, cut with `crop_face`.
        labels: (N,) 0 genuine, 1 manipulated.
        groups: (N,) identities of each crop, a name or several.
        config: Settings; the defaults suit the `cpu` detector.
        validation: Crops of other identities. Without it, identities are held out of the training crops.
        progress: Called after each step with the step, the number of steps and the loss.
        pairs: (N,) name shared by a manipulated crop and its genuine twin; twins are drawn together and varied alike.
        checkpoint: Folder to which every epoch is written, and from which an interrupted run continues.

    Raises:
        CropError: If crops break the contract.
        TrainingError: If labels or groups do not fit, identities stand on both sides, or the loss is not finite.
        CheckpointError: If the checkpoint belongs to another run.
    """
    config = config or TrainConfig()
    started = time.monotonic()
    training, held = _sets(detector, CropSet(crops, np.asarray(labels), groups), config, validation)
    kept_pairs = None if pairs is None else _pairs_of(pairs, len(crops), training)
    run = _Run(detector, training.data, held, config, kept_pairs, progress, checkpoint)
    state, stopped = run.execute(started)
    detector.model.to(config.device).load_state_dict(state.best)
    detector.model.eval()
    _fit_reading(detector, training.data, held, config)
    return TrainLog(
        epochs=state.epochs,
        best_epoch=state.best_epoch,
        validation_auc=state.best_auc,
        stopped_early=stopped,
        n_training=len(training.data.crops),
        n_validation=len(held.crops),
        data_digest=run.digest,
        seed=config.seed,
        seconds=time.monotonic() - started,
    )


class _Kept(NamedTuple):
    data: CropSet
    indices: NDArray[np.intp]


class _Run:
    """One training run: the optimiser, the order of the data and the best weights so far."""

    def __init__(
        self,
        detector: Detector,
        data: CropSet,
        held: CropSet,
        config: TrainConfig,
        pairs: Sequence[str] | None,
        progress: ProgressCallback | None,
        folder: Path | None,
    ) -> None:
        self._detector = detector
        self._data = data
        self._held = held
        self._config = config
        self._progress = progress
        self._folder = folder
        self._sampler = PairSampler(data.labels, pairs)
        self._per_epoch = math.ceil(self._sampler.epoch_length / (config.batch_size // 2))
        model = detector.model.to(config.device)
        self._optimizer = torch.optim.AdamW(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
        )
        self.digest = digest_of(data.crops, data.labels)

    def execute(self, started: float) -> tuple[Progress, bool]:
        """Run the epochs that are left; give the final state and whether the run ended early."""
        run_name = f"{self._detector.spec.name} {self._config!r} {self.digest}"
        state = Progress.fresh(run_name)
        if self._folder is not None and (self._folder / "progress.json").exists():
            state = load_progress(self._folder, run_name, self._detector.model, self._optimizer)
        for epoch in range(len(state.epochs), self._config.epochs):
            if self._must_stop(state, started):
                return state, True
            loss = self._epoch(epoch)
            auc = validation_auc(self._detector, self._held)
            state = state.after(EpochLog(epoch, loss, auc), self._detector.model)
            if self._folder is not None:
                save_progress(self._folder, state, self._detector.model, self._optimizer)
        return state, len(state.epochs) < self._config.epochs

    def _must_stop(self, state: Progress, started: float) -> bool:
        limit = self._config.max_seconds
        waited = len(state.epochs) - 1 - state.best_epoch
        late = limit is not None and time.monotonic() - started > limit
        return bool(state.epochs) and (waited >= self._config.patience or late)

    def _epoch(self, epoch: int) -> float:
        self._detector.model.train()
        rng = np.random.default_rng([self._config.seed, epoch])
        total = self._per_epoch * self._config.epochs
        losses = []
        for number, batch in enumerate(self._batches(rng)):
            step = epoch * self._per_epoch + number
            losses.append(self._step(batch, _rate(step, total) * self._config.learning_rate))
            if self._progress is not None:
                self._progress(step + 1, total, losses[-1])
        return float(np.mean(losses))

    def _batches(self, rng: np.random.Generator) -> Iterator[tuple[Crops, Labels]]:
        draws = list(self._sampler.draws(rng))
        half = self._config.batch_size // 2
        for first in range(0, len(draws), half):
            yield self._batch(draws[first : first + half])

    def _batch(self, draws: Sequence[Draw]) -> tuple[Crops, Labels]:
        crops, labels = [], []
        for draw in draws:
            for index, seed, label in zip((draw.genuine, draw.manipulated), draw.seeds, (0, 1), strict=True):
                crops.append(augment(self._data.crops[index], np.random.default_rng(seed), self._config.augment))
                labels.append(label)
        return np.stack(crops), np.array(labels)

    def _step(self, batch: tuple[Crops, Labels], rate: float) -> float:
        model, device = self._detector.model, self._config.device
        crops = to_input(batch[0], self._detector.spec).to(device)
        labels = torch.from_numpy(batch[1]).to(device, torch.float32)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        features = model.features(crops)
        logits: Tensor = model.classifier(features)[:, 0]
        loss = model.objective(features, logits, labels)
        if not bool(torch.isfinite(loss)):
            raise TrainingError("the loss left the finite numbers; lower learning_rate")
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return float(loss.detach())


def validation_auc(detector: Detector, held: CropSet) -> float:
    """Give the frame AUC of a detector on labelled crops, as the Mann–Whitney statistic with mid-ranks for ties."""
    logits, _ = detector.embed(held.crops)
    positive = held.labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(logits)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _rate(step: int, total: int) -> float:
    warm = max(1, total // 10)
    if step < warm:
        return (step + 1) / warm
    turn = math.pi * (step - warm) / max(1, total - warm)
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * (1 + math.cos(turn)) / 2


def _sets(detector: Detector, data: CropSet, config: TrainConfig, validation: CropSet | None) -> tuple[_Kept, CropSet]:
    check_set(data, "training", detector.spec)
    if validation is not None:
        held = CropSet(validation[0], np.asarray(validation[1]), validation[2])
        check_set(held, "validation", detector.spec)
        shared = sorted(identities_of(data.groups) & identities_of(held.groups))
        if shared:
            raise TrainingError(f"{len(shared)} identities stand in training and validation, such as {shared[0]!r}")
        return _Kept(data, np.arange(len(data.crops))), held
    rng = np.random.default_rng([config.seed, 2**31])
    inside, outside = hold_out(data.labels, data.groups, config.validation_share, rng)
    return _Kept(subset(data, inside), inside), subset(data, outside)


def _pairs_of(pairs: Sequence[str], length: int, training: _Kept) -> list[str]:
    if len(pairs) != length:
        raise TrainingError(f"{length} crops come with {len(pairs)} pair names; want one each")
    return [pairs[index] for index in training.indices]


def _fit_reading(detector: Detector, data: CropSet, held: CropSet, config: TrainConfig) -> None:
    rng = np.random.default_rng([config.seed, 2**31 + 1])
    count = min(_SCOPE_CROPS, len(data.crops))
    sample = rng.choice(len(data.crops), count, replace=False)
    known = _evidence(detector, data.crops[sample], rng, config)
    logits, _ = detector.embed(held.crops)
    detector.calibration = fit_calibration(logits, held.labels)
    detector.scope = fit_scope(known, _evidence(detector, held.crops, rng, config), quantile=config.scope_quantile)
    detector.thresholds = fit_thresholds(detector.calibration.probabilities(logits[held.labels == 0]))


def _evidence(detector: Detector, crops: Crops, rng: np.random.Generator, config: TrainConfig) -> Evidence:
    """Measure crops and recompressed copies of them, so that a second JPEG does not put a known picture out."""
    low, high = config.augment.jpeg_quality
    copies = [jpeg_roundtrip(crop, int(rng.integers(low, high + 1))) for crop in crops]
    both = np.concatenate([crops, np.stack(copies)])
    _, features = detector.embed(both)
    return Evidence(features, describe(both))
