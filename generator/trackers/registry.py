"""List trackers by name, and find their weights."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from generator.errors import TrackerError
from generator.face_models import Flame
from generator.trackers.face_mesh.face_mesh import FaceMesh
from generator.trackers.face_mesh.models import find_face_mesh
from generator.trackers.flame.flame_code import FlameNetwork
from generator.trackers.flame.flame_tracker import FlameTracker

from .avatar_tracker import AvatarTracker
from .face_crop import CropRule
from .protocol import Tracker
from .user_files import find_file, find_flame

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrackerSpec:
    """The description of a tracker, available without loading it.

    Attributes:
        name: Name of the tracker.
        face_model: Face model of the tracked parameters.
        weights: Published file of its network, None where `install_face_mesh` downloads it.
        source: Address at which its authors publish that file.
        licence: Licence of that file.
    """

    name: str
    face_model: str
    weights: str | None
    source: str
    licence: str


TRACKERS = (
    TrackerSpec("arkit", "arkit", None, "facetrail models get face-mesh", "Apache-2.0"),
    TrackerSpec(
        "deca", "flame", "deca_model.tar", "https://github.com/yfeng95/DECA", "non-commercial research only"
    ),
    TrackerSpec(
        "smirk", "flame", "SMIRK_em1.pt", "https://github.com/georgeretsi/smirk",
        "MIT for the code, unclear for the weights, which were trained with FLAME",
    ),
)  # fmt: skip
"""All trackers; no file of "deca" and "smirk" is shipped or downloaded."""

_RULES = {
    # DECA's crop is 1.1 times, then 1.25 times the box of the 68 points; for a detector's box 1.25 times, lowered by
    # 0.12.
    "deca": CropRule(scale=1.1 * 1.25, forehead=False, box_scale=1.25, box_drop=0.12),
    "smirk": CropRule(scale=1.4, forehead=True, box_scale=1.4),
}


def find_tracker(name: str) -> TrackerSpec:
    """Return the description of a tracker.

    Raises:
        TrackerError: There is no tracker of that name.
    """
    for spec in TRACKERS:
        if spec.name == name:
            return spec
    raise TrackerError(f"no tracker {name!r}; there are: {', '.join(spec.name for spec in TRACKERS)}")


def load_tracker(name: str, weights: Path | None = None, *, flame: Path | None = None, device: str = "cpu") -> Tracker:
    """Load a tracker.

    Args:
        name: One of `TRACKERS`.
        weights: Published file of its network or the folder that contains it; None searches the folder of the tracker's
            name in `models_folder`. Not allowed for "arkit".
        flame: FLAME's file or its folder, for the trackers that read FLAME; None searches `models_folder`.
        device: Device of the network; the face mesh runs on the CPU.

    Raises:
        TrackerError: There is no such tracker, or "arkit" was given weights.
        ModelFilesError: Weights, FLAME or the face mesh are absent, or the weights are not the expected ones.
        MissingPackageError: "arkit" was requested and ai-edge-litert is not installed.
        FaceModelError: FLAME's file is not the expected one.
    """
    spec = find_tracker(name)
    _LOG.debug("loading tracker %s, which reads %s faces", name, spec.face_model)
    if spec.weights is None:
        if weights is not None:
            raise TrackerError(f"{weights}: tracker {name} takes no weights; leave them out, or choose deca or smirk")
        return AvatarTracker(_face_mesh())
    source = f"{spec.source} (licence: {spec.licence})"
    path = find_file(weights, name, (spec.weights,), f"the network of tracker {name}", source)
    head = Flame.load(find_flame(flame))
    return FlameTracker(name, _network(name, path), _RULES[name], head, _face_mesh, device)


def _network(name: str, path: Path) -> FlameNetwork:
    # timm takes a second to import, and the face mesh alone does not need it.
    if name == "deca":
        from generator.trackers.flame.deca import Deca

        return Deca.load(path)
    from generator.trackers.flame.smirk import Smirk

    return Smirk.load(path)


def _face_mesh() -> FaceMesh:
    return FaceMesh(find_face_mesh())
