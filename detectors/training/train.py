"""Train a detector on pairs of crops, and fit its calibration, scope and thresholds on validation crops."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from detectors.errors import TrainingError
from detectors.methods.batch import Batch
from detectors.preprocessing import to_input
from detectors.scoring import Detector

from .checkpoint import EpochLog, Progress, load_progress, save_progress
from .config import TrainConfig, TrainLog
from .crop_sets import TrainingSet, checked_set, identities_of
from .devices import open_computer
from .ema import RunningMean
from .fit_interpretation import fit_reading
from .optimisation import build_optimizer, rate_at, sharpness_aware
from .pair_sources import FaceSet, PairSource, SelfBlends, StoredCrops
from .run_log import RunLog
from .sampling import Draw, Group, hold_out

_LOG = logging.getLogger(__name__)

ProgressCallback = Callable[[int, int, float], None]


def train_detector(
    detector: Detector,
    data: TrainingSet,
    config: TrainConfig | None = None,
    *,
    validation: TrainingSet | None = None,
    progress: ProgressCallback | None = None,
    checkpoint: Path | None = None,
    log_folder: Path | None = None,
) -> TrainLog:
    """Train a detector in place and leave it calibrated, gated and with frozen thresholds.

    The best epoch is chosen by frame AUC on the validation crops, which come from the source domain; no test data
    enters here. The same seed, data, machine and thread count give the same weights. Under a launcher of several
    processes (`accelerate launch`, `torchrun`) every process takes its share of each batch, and all end alike.

    Args:
        detector: Trained in place, from the weights it has.
        data: The crops to learn from.
        config: Settings; without it those of the detector's recipe.
        validation: Crops of other identities. Without it, identities are held out of the training crops.
        progress: Called after each step with the step, the number of steps and the loss.
        checkpoint: Folder to which every epoch is written, and from which an interrupted run continues.
        log_folder: Folder for TensorBoard; needs the package tensorboard.

    Raises:
        CropError: If crops break the contract.
        TrainingError: If labels or groups do not fit, identities stand on both sides, the loss is not finite, or a
            package is missing.
        CheckpointError: If the checkpoint belongs to another run.
    """
    config = config or TrainConfig.of(detector.spec)
    data = checked_set(data, "training", detector.spec)
    if validation is None:
        inside, outside = _held_out(data, config)
        held = data.subset(outside)
        data = data.subset(inside)
    else:
        held = _checked_validation(detector, data.groups, validation)
    return _train(detector, StoredCrops(data), data, held, config, progress, checkpoint, log_folder)


def train_self_blended(
    detector: Detector,
    faces: FaceSet,
    config: TrainConfig | None = None,
    *,
    validation: FaceSet,
    progress: ProgressCallback | None = None,
    checkpoint: Path | None = None,
    log_folder: Path | None = None,
) -> TrainLog:
    """Train a detector in place on genuine faces and their self-blends, blended anew in every epoch.

    A method that predicts blending boundaries (`face_xray`) receives the masks. The epoch is chosen on fixed
    self-blends of the validation faces; this measures little about other kinds of forgery.

    Args:
        detector: Detector to train in place, starting from its present weights; any detector of single crops.
        faces: Genuine pictures with landmarks.
        config: Training settings; None uses the detector's recipe.
        validation: Genuine faces of other identities.
        progress: Called after each step with the step, the number of steps and the loss.
        checkpoint: Folder to which every epoch is written, and from which an interrupted run continues.
        log_folder: Folder for TensorBoard; needs the package tensorboard.

    Raises:
        BlendError: Landmarks do not fit their picture.
        TrainingError: A set is empty, identities are in both sets, or the loss is not finite.
        CheckpointError: The checkpoint belongs to another run.
    """
    if detector.spec.frames > 1:
        raise TrainingError(f"detector {detector.spec.name!r} judges clips; self-blends are stills")
    config = config or TrainConfig.of(detector.spec)
    source = SelfBlends(faces, detector.spec)
    known = source.stored()
    held = _checked_validation(detector, known.groups, SelfBlends(validation, detector.spec).stored())
    return _train(detector, source, known, held, config, progress, checkpoint, log_folder)


def validation_auc(detector: Detector, held: TrainingSet) -> float:
    """Return the frame AUC of a detector on labelled crops, as the Mann–Whitney statistic with mid-ranks for ties."""
    logits, _ = detector.embed(held.crops)
    positive = held.labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(logits)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _train(
    detector: Detector,
    source: PairSource,
    known: TrainingSet,
    held: TrainingSet,
    config: TrainConfig,
    progress: ProgressCallback | None,
    checkpoint: Path | None,
    log_folder: Path | None,
) -> TrainLog:
    started = time.monotonic()
    _LOG.info("training %s on %d crops, validating on %d", detector.spec.name, len(known.crops), len(held.crops))
    run = _Run(detector, source, held, config, progress, checkpoint)
    with RunLog(log_folder if run.rank == 0 else None) as log:
        state, stopped = run.execute(started, log)
    _LOG.info("keeping epoch %d with validation AUC %.4f", state.best_epoch + 1, state.best_auc)
    detector.model.load_state_dict(state.best)
    detector.model.eval()
    fit_reading(detector, known, held, config)
    return TrainLog(
        epochs=state.epochs,
        best_epoch=state.best_epoch,
        validation_auc=state.best_auc,
        stopped_early=stopped,
        n_training=len(known.crops),
        n_validation=len(held.crops),
        data_digest=source.digest,
        seed=config.seed,
        seconds=time.monotonic() - started,
    )


class _Run:
    """Run one training: the optimiser, the order of the data and the best weights so far."""

    def __init__(
        self,
        detector: Detector,
        source: PairSource,
        held: TrainingSet,
        config: TrainConfig,
        progress: ProgressCallback | None,
        folder: Path | None,
    ) -> None:
        self._detector = detector
        self._source = source
        self._held = held
        self._config = config
        self._progress = progress
        self._folder = folder
        self._computer = open_computer(config)
        self.rank = self._computer.rank
        self._half = config.batch_size // 2
        if self._half % self._computer.processes:
            raise TrainingError(f"batch_size {config.batch_size} is not shared evenly by {self._computer.processes}")
        self._per_epoch = math.ceil(source.epoch_length / self._half)
        model = detector.model.to(self._computer.device)
        self._optimizer = build_optimizer(model, config)
        self._mean = None if config.ema_decay is None else RunningMean(model, config.ema_decay)

    def execute(self, started: float, log: RunLog) -> tuple[Progress, bool]:
        """Run the remaining epochs; return the final state and whether the run ended early."""
        model = self._detector.model
        run_name = f"{self._detector.spec.name} {self._config!r} {self._source.digest}"
        state = Progress.fresh(run_name)
        if self._folder is not None and (self._folder / "progress.json").exists():
            state = load_progress(self._folder, run_name, model, self._optimizer, self._mean)
        self._stepper = self._computer.prepare(model, self._optimizer)
        for epoch in range(len(state.epochs), self._config.epochs):
            if self._must_stop(state, started):
                return state, True
            loss = self._epoch(epoch)
            with nullcontext() if self._mean is None else self._mean.inside(model):
                entry = EpochLog(epoch, loss, validation_auc(self._detector, self._held))
                state = state.after(entry, model)
            log.add(entry)
            if self.rank == 0:
                reached = (epoch + 1, self._config.epochs, loss, entry.validation_auc)
                _LOG.info("epoch %d of %d: loss %.4g, validation AUC %.4f", *reached)
            if self._folder is not None and self.rank == 0:
                save_progress(self._folder, state, model, self._optimizer, self._mean)
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
            losses.append(self._step(batch, rate_at(step, total) * self._config.learning_rate))
            if self._progress is not None:
                self._progress(step + 1, total, losses[-1])
        return float(np.mean(losses))

    def _batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        draws = list(self._source.draws(rng))
        processes = self._computer.processes
        for first in range(0, len(draws), self._half):
            together = draws[first : first + self._half]
            together += together[: -len(together) % processes]  # a short last batch is filled up, so that all have one
            yield self._batch(together[self.rank :: processes])

    def _batch(self, draws: Sequence[Draw]) -> Batch:
        pairs = [self._source.pair(draw, self._config.augment) for draw in draws]
        device = self._computer.device
        crops = np.stack([crop for pair in pairs for crop in (pair.genuine, pair.manipulated)])
        masks = [pair.mask for pair in pairs if pair.mask is not None]
        return Batch(
            crops=to_input(crops, self._detector.spec).to(device),
            labels=torch.tensor([0.0, 1.0] * len(pairs), device=device),
            paired=torch.tensor([pair.twins for pair in pairs], device=device),
            masks=torch.from_numpy(np.stack(masks)).to(device) if len(masks) == len(pairs) else None,
        )

    def _step(self, batch: Batch, rate: float) -> float:
        for group in self._stepper.param_groups:
            group["lr"] = rate
        self._stepper.zero_grad(set_to_none=True)

        def backward() -> Tensor:
            loss = self._computer.loss(batch)
            if not bool(torch.isfinite(loss)):
                raise TrainingError("the loss left the finite numbers; lower learning_rate")
            self._computer.backward(loss)
            return loss

        if self._config.sam_radius is None:
            loss = backward()
        else:
            trained = [weight for weight in self._detector.model.parameters() if weight.requires_grad]
            loss = sharpness_aware(trained, self._config.sam_radius, backward)
        self._stepper.step()
        if self._mean is not None:
            self._mean.update(self._detector.model)
        return float(self._computer.mean(loss))


def _held_out(data: TrainingSet, config: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([config.seed, 2**31])
    return hold_out(data.labels, data.groups, config.validation_share, rng)


def _checked_validation(detector: Detector, groups: Sequence[Group], validation: TrainingSet) -> TrainingSet:
    held = checked_set(validation, "validation", detector.spec)
    shared = sorted(identities_of(groups) & identities_of(held.groups))
    if shared:
        raise TrainingError(f"{len(shared)} identities stand in training and validation, such as {shared[0]!r}")
    return held
