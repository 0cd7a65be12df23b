"""Save detectors to a folder and load them back: `weights.safetensors` beside a readable `card.json`."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from detectors.adapters.opening import is_adapter, open_adapter
from detectors.interpretation.appearance import VERSION as APPEARANCE
from detectors.interpretation.calibration import Calibration
from detectors.interpretation.decision import ConformalDecision
from detectors.interpretation.scope import Gate, Scope
from detectors.interpretation.thresholds import Thresholds

from .creation import BUILDABLE, build_network
from .errors import CheckpointError, DetectorError
from .files import file_hash, whole_file
from .registry import SPECS, TOYS, find_spec
from .scoring import Detector
from .spec import DetectorSpec

_LOG = logging.getLogger(__name__)

FORMAT = 2
"""Version of the folder format. Version 2 added the appearance gate; a folder of version 1 is refused."""
WEIGHTS_NAME = "weights.safetensors"
CARD_NAME = "card.json"
SHIPPED = Path(__file__).parent / "weights"
_APART = ("options", "recipe")
_GATES = ("features", "appearance")
_FIRST_CONTRACT = {"alignment": "upright", "frames": 1}
"""Values of these two fields for cards that were written before the fields became part of the contract."""
_TIMM_NAME = re.compile(r"[a-z0-9][\w.]{0,100}")
_PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".tar")


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """Describe where a detector's weights come from.

    Attributes:
        data: Description of the training data.
        data_digest: SHA-256 of the training crops and labels.
        split: Separation of validation and training data.
        licence: Licence of the weights.
        metrics: Measured values by name; the name contains level and set, such as `auc/frame/validation`.
        seed: Seed of the training run, or None.
        note: Further remarks, such as known weaknesses.
        face_finder: Face detector that found the faces of its training crops; empty where it was not recorded.
        seen_methods: Forgery methods that it was trained on; empty where it learned from none, or that is not known.
        held_out: Methods that its training corpus had and that were kept from it.
        measured_on: What its errors were measured on, as the end of a sentence; empty where it was not recorded.
    """

    data: str
    data_digest: str
    split: str
    licence: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    note: str = ""
    face_finder: str = ""
    seen_methods: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    measured_on: str = ""


def save_detector(detector: Detector, folder: Path, card: DetectorCard, *, half: bool = False) -> None:
    """Write a detector to a folder, which is created where it is absent.

    With `half`, matrices and kernels of the network are written as float16, everything else as it is.

    The card is written last and contains the digest of the weights, so that a half-written folder does not load.

    Raises:
        CheckpointError: A weight is not finite or the folder cannot be written.
    """
    tensors = {f"model.{name}": tensor.detach().cpu() for name, tensor in detector.model.state_dict().items()}
    if half:
        tensors = {name: value.half() if value.dim() > 1 else value for name, value in tensors.items()}
    if detector.scope is not None:
        for name in _GATES:
            gate: Gate = getattr(detector.scope, name)
            tensors[f"scope.{name}.mean"] = torch.from_numpy(gate.mean)
            tensors[f"scope.{name}.precision"] = torch.from_numpy(gate.precision)
            if gate.basis is not None:
                tensors[f"scope.{name}.basis"] = torch.from_numpy(gate.basis)
    _check_finite(tensors, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD_NAME).unlink(missing_ok=True)
        save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, folder / WEIGHTS_NAME)
        text = json.dumps(_record(detector, card, file_hash(folder / WEIGHTS_NAME)), indent=2, ensure_ascii=False)
        with whole_file(folder / CARD_NAME) as part:
            part.write_text(text + "\n", encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: the detector cannot be written ({error}); free space or choose another"
        ) from error
    _LOG.info("wrote detector %s to %s", detector.spec.name, folder)


def load_detector(name_or_folder: str | Path, spec: DetectorSpec | None = None) -> Detector:
    """Load a detector by the name of shipped weights, from a folder written by `save_detector`, or from elsewhere.

    Args:
        name_or_folder: A registry name given as text, or a folder; or a detector that was made elsewhere, as
            `open_adapter` names it: a Python file or function, an ONNX file, or the address of a served one.
        spec: Spec of a detector that is not in the registry; otherwise the spec is found by the name on the card.

    Raises:
        UnknownDetectorError: Text is neither a name nor a folder.
        CheckpointError: The folder is absent, incomplete, damaged, pickled, or made for another crop contract; or a
            detector from elsewhere cannot be opened, or does not state what it must.
    """
    if is_adapter(name_or_folder):
        return open_adapter(str(name_or_folder))
    folder = detector_folder(name_or_folder)
    record = _read_record(folder)
    spec = spec or _spec_of(record, folder)
    _check_contract(record, spec, folder)
    if record["weights_sha256"] != file_hash(folder / WEIGHTS_NAME):
        raise CheckpointError(
            f"{folder / WEIGHTS_NAME} is not the file the card was written for; save the detector again"
        )
    try:
        tensors = load_file(folder / WEIGHTS_NAME)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{folder / WEIGHTS_NAME} cannot be read: {error}") from error
    _check_finite(tensors, folder)
    detector = _assemble(spec, record, tensors, folder)
    _LOG.info("loaded detector %s from %s, SHA-256 of the weights %s", spec.name, folder, record["weights_sha256"])
    _LOG.debug("detector %s: %s, %s, %s", spec.name, detector.calibration, detector.thresholds, detector.decision)
    return detector


def read_card(name_or_folder: str | Path) -> DetectorCard:
    """Read the card of a saved detector without loading its weights.

    Raises:
        UnknownDetectorError: Text is neither a name nor a folder.
        CheckpointError: The folder or its card cannot be read.
    """
    if is_adapter(name_or_folder):
        return DetectorCard(data="not stated", data_digest="", split="not stated", licence="not stated")
    folder = detector_folder(name_or_folder)
    record = _read_record(folder)
    try:
        known = dict(record["card"])
        known |= {name: tuple(map(str, known.get(name, ()))) for name in ("seen_methods", "held_out")}
        return DetectorCard(**known)
    except TypeError as error:
        raise CheckpointError(f"{folder / CARD_NAME}: {error}") from error


def detector_folder(name_or_folder: str | Path) -> Path:
    """Return the folder that holds the card and the weights of a detector.

    Args:
        name_or_folder: Name of a detector that ships with weights, or a folder, or one of the two files in it.

    Raises:
        CheckpointError: It ships no weights, or is no such folder.
        UnknownDetectorError: There is neither a detector nor a folder of that name.
    """
    if isinstance(name_or_folder, str) and any(spec.name == name_or_folder for spec in (*SPECS, *TOYS)):
        folder = SHIPPED / name_or_folder
        if not (folder / CARD_NAME).exists():
            raise CheckpointError(
                f"detector {name_or_folder!r} ships no weights in this installation; "
                f"train it with train_detector and load the folder you saved it to"
            )
        return folder
    path = Path(name_or_folder)
    if path.is_file() and path.name in (CARD_NAME, WEIGHTS_NAME):
        return path.parent
    _refuse_pickle(path)
    if path.is_dir():
        return path
    if isinstance(name_or_folder, str) and path.name == name_or_folder:
        find_spec(name_or_folder)
    raise CheckpointError(f"{path} is not a folder with {WEIGHTS_NAME} and {CARD_NAME}")


def _refuse_pickle(path: Path) -> None:
    candidates = sorted(path.iterdir()) if path.is_dir() and not (path / WEIGHTS_NAME).exists() else [path]
    for candidate in candidates:
        if candidate.suffix.lower() in _PICKLES:
            raise CheckpointError(
                f"{candidate} is a pickle, which can run code when loaded; only {WEIGHTS_NAME} with {CARD_NAME} is read"
            )


def _read_record(folder: Path) -> dict[str, Any]:
    for name in (CARD_NAME, WEIGHTS_NAME):
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} has no {name}; a saved detector has {CARD_NAME} and {WEIGHTS_NAME}")
    try:
        record = json.loads((folder / CARD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder / CARD_NAME} cannot be read: {error}") from error
    wanted = {"format", "spec", "card", "weights_sha256", "calibration", "scope", "thresholds"}
    if not isinstance(record, dict) or not wanted <= record.keys() or not isinstance(record["spec"], dict):
        raise CheckpointError(f"{folder / CARD_NAME} lacks one of {', '.join(sorted(wanted))}")
    if record["format"] != FORMAT:
        raise CheckpointError(
            f"{folder / CARD_NAME} has format {record['format']!r}; this version reads {FORMAT}; train it again"
        )
    return record


def _spec_of(record: dict[str, Any], folder: Path) -> DetectorSpec:
    """Return the spec of a card: the registry's, or that of a converted detector, which only its card describes.

    Raises:
        UnknownDetectorError: The registry has no detector of that name, and the card does not describe one.
        CheckpointError: The card describes no detector that can be built.
    """
    described = record["spec"]
    if described.get("only_here") is not True:
        return find_spec(str(described.get("name")))
    known = {item.name for item in fields(DetectorSpec)} - {"recipe"}
    values = {name: value for name, value in described.items() if name in known}
    try:
        options = tuple((str(name), _frozen(value)) for name, value in dict(values.pop("options")).items())
        values |= {name: tuple(float(one) for one in values[name]) for name in ("mean", "std")}
        spec = DetectorSpec(**values, options=options)
    except (TypeError, KeyError, ValueError) as error:
        raise CheckpointError(f"{folder / CARD_NAME} describes no detector ({error})") from error
    if not _TIMM_NAME.fullmatch(spec.backbone) or spec.method not in BUILDABLE:
        raise CheckpointError(f"{folder / CARD_NAME} names a network {spec.backbone!r} that is not one of timm's")
    return spec


def _frozen(value: Any) -> int | tuple[int, ...]:  # noqa: ANN401  # whatever JSON holds
    return tuple(int(one) for one in value) if isinstance(value, list) else int(value)


def _check_contract(record: dict[str, Any], spec: DetectorSpec, folder: Path) -> None:
    written = record["spec"].get("crop_contract")
    if not isinstance(written, dict) or _FIRST_CONTRACT | written != spec.crop_contract:
        raise CheckpointError(
            f"{folder} was made for the crop contract {written}, "
            f"but detector {spec.name!r} now cuts {spec.crop_contract}; train it again"
        )
    if record["spec"].get("method") != spec.method:
        raise CheckpointError(
            f"{folder} was trained by the method {record['spec'].get('method')!r}, "
            f"and detector {spec.name!r} is now {spec.method!r}; train it again"
        )


def _check_finite(tensors: Mapping[str, Tensor], folder: Path) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"{folder}: tensor {name} holds numbers that are not finite")


def _assemble(spec: DetectorSpec, record: dict[str, Any], tensors: dict[str, Tensor], folder: Path) -> Detector:
    detector = Detector(spec, build_network(spec).eval())
    weights = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    try:
        detector.model.load_state_dict(weights)
        if record["calibration"] is not None:
            detector.calibration = Calibration(**record["calibration"])
        if record["thresholds"] is not None:
            detector.thresholds = Thresholds(**record["thresholds"])
        if record.get("decision") is not None:  # absent from cards that were written before the decision existed
            detector.decision = ConformalDecision(**record["decision"])
        if record["scope"] is not None:
            detector.scope = _scope(record["scope"], tensors)
    except (RuntimeError, TypeError, KeyError, DetectorError) as error:
        raise CheckpointError(f"{folder} does not fit detector {spec.name!r}: {error}") from error
    return detector


def _scope(record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Scope:
    if record["appearance_version"] != APPEARANCE:
        raise CheckpointError(
            f"its scope gate measures appearance {record['appearance_version']}, this version {APPEARANCE}; "
            f"train it again"
        )
    gates = [
        Gate(
            mean=np.asarray(tensors[f"scope.{name}.mean"].numpy()),
            precision=np.asarray(tensors[f"scope.{name}.precision"].numpy()),
            threshold=float(record[name]["threshold"]),
            quantile=float(record[name]["quantile"]),
            basis=None if (basis := tensors.get(f"scope.{name}.basis")) is None else np.asarray(basis.numpy()),
        )
        for name in _GATES
    ]
    return Scope(*gates)


def _scope_record(scope: Scope) -> dict[str, object]:
    gates = {name: getattr(scope, name) for name in _GATES}
    limits = {name: {"threshold": gate.threshold, "quantile": gate.quantile} for name, gate in gates.items()}
    return {"appearance_version": APPEARANCE, **limits}


def _record(detector: Detector, card: DetectorCard, sha256: str) -> dict[str, Any]:
    spec = detector.spec
    described = {item.name: getattr(spec, item.name) for item in fields(spec) if item.name not in _APART}
    scope = detector.scope
    only_here = {} if any(spec.name == one.name for one in (*SPECS, *TOYS)) else {"only_here": True}
    return {
        "format": FORMAT,
        "spec": {**described, "options": dict(spec.options), "crop_contract": spec.crop_contract, **only_here},
        "card": asdict(card),
        "calibration": None if detector.calibration is None else asdict(detector.calibration),
        "scope": None if scope is None else _scope_record(scope),
        "thresholds": None if detector.thresholds is None else asdict(detector.thresholds),
        "decision": None if detector.decision is None else asdict(detector.decision),
        "video_score": "mean of frame probabilities",
        "weights_sha256": sha256,
    }
