"""Trackers by name, and where their weights lie."""

import logging
from dataclasses import dataclass
from pathlib import Path

from generator.errors import TrackerError
from generator.face_models import Flame
from generator.trackers.face_mesh.face_mesh import FaceMesh
from generator.trackers.face_mesh.models import find_face_mesh
from generator.trackers.flame.flame_code import FlameNetwork
from generator.trackers.flame.flame_tracker import FlameTracker
from generator.trackers.puppet_fit.face_mesh_tracker import FaceMeshTracker

from .face_crop import CropRule
from .protocol import Tracker
from .user_files import find_file, find_flame

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrackerSpec:
    """What is known of a tracker without loading it.

    Attributes:
        name: Of the tracker.
        face_model: Of what it reads.
        weights: Published file of its network, None where `install_face_mesh` fetches it.
        source: Where its authors publish that file.
        licence: Under which terms.
    """

    name: str
    face_model: str
    weights: str | None
    source: str
    licence: str


TRACKERS = (
    TrackerSpec("face-mesh", "puppet", None, "facetrail models get face-mesh", "Apache-2.0"),
    TrackerSpec(
        "deca", "flame", "deca_model.tar", "https://github.com/yfeng95/DECA", "non-commercial research only"
    ),
    TrackerSpec(
        "smirk", "flame", "SMIRK_em1.pt", "https://github.com/georgeretsi/smirk",
        "MIT for the code, unclear for the weights, which were trained with FLAME",
    ),
)  # fmt: skip
"""All trackers; nothing of "deca" and "smirk" is shipped or downloaded."""

_RULES = {
    # DECA encloses the 68 points 1.1 times, then 1.25 times; a detector's box 1.25 times, lowered by 0.12.
    "deca": CropRule(scale=1.1 * 1.25, forehead=False, box_scale=1.25, box_drop=0.12),
    "smirk": CropRule(scale=1.4, forehead=True, box_scale=1.4),
}


def find_tracker(name: str) -> TrackerSpec:
    """Return what is known of a tracker.

    Raises:
        TrackerError: There is none of that name.
    """
    for spec in TRACKERS:
        if spec.name == name:
            return spec
    raise TrackerError(f"no tracker {name!r}; there are: {', '.join(spec.name for spec in TRACKERS)}")


def load_tracker(name: str, weights: Path | None = None, *, flame: Path | None = None, device: str = "cpu") -> Tracker:
    """Load a tracker.

    Args:
        name: One of `TRACKERS`.
        weights: Published file of its network or the folder that holds it; None looks in `models_folder`, where it
            stands in a folder of the tracker's name. Not for "face-mesh".
        flame: FLAME's file or its folder, for the trackers that read FLAME; None looks in `models_folder`.
        device: What the network runs on; the face mesh runs on the CPU.

    Raises:
        TrackerError: There is no such tracker, or "face-mesh" was given weights.
        ModelFilesError: Weights, FLAME or the face mesh are absent, or weights are not what they should be.
        MissingPackageError: "face-mesh" was asked for and ai-edge-litert is not installed.
        FaceModelError: FLAME's file is not what it should be.
    """
    spec = find_tracker(name)
    _LOG.debug("loading tracker %s, which reads %s faces", name, spec.face_model)
    if spec.weights is None:
        if weights is not None:
            raise TrackerError(f"{weights}: tracker {name} takes no weights; leave them out, or choose deca or smirk")
        return FaceMeshTracker(_face_mesh())
    source = f"{spec.source} (licence: {spec.licence})"
    path = find_file(weights, name, (spec.weights,), f"the network of tracker {name}", source)
    head = Flame.load(find_flame(flame))
    return FlameTracker(name, _network(name, path), _RULES[name], head, _face_mesh, device)


def _network(name: str, path: Path) -> FlameNetwork:
    # timm takes a second to import, which the face mesh alone need not pay.
    if name == "deca":
        from generator.trackers.flame.deca import Deca

        return Deca.load(path)
    from generator.trackers.flame.smirk import Smirk

    return Smirk.load(path)


def _face_mesh() -> FaceMesh:
    return FaceMesh(find_face_mesh())
