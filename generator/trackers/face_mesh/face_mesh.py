"""Track a face as a mesh of 468 points and two irises.

The networks are those of Kartynnik et al. 2019, arXiv 1907.06724, and Ablavatski et al. 2020, arXiv 2006.11341.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import NoFaceError
from generator.trackers.ibug import MESH_INDEX, camera_space
from generator.trackers.protocol import Box
from generator.trackers.regions import Image, Points, Region

from .face_detector import Detection, FaceDetector, merge, overlaps
from .models import FaceMeshFiles
from .networks import Network

if TYPE_CHECKING:
    from generator.trackers.drawn_face import DrawnFace, DrawnFaceReader

SMALLEST_SIDE = 48
_SMALLEST_BOX = 16

_PRESENT = 0.5
# The mesh network reports a low presence for many drawn faces that it reads well. On drawn heads, a mesh within half an
# eye distance of the keypoints of so certain a detection always had an error below a quarter of the face's length.
_SURE_DETECTION = 0.68
_VERY_SURE = 0.8  # a detection that counts without the mesh before smaller tiles were searched
_AGREEMENT = 0.5
_SAME_FACE = 0.3
_STILL = 0.9  # intersection over union of the boxes of two meshes in turn, from which the second one is kept
_READS = 6  # largest number of meshes that are read until their boxes agree
_TURNED = 60.0  # degrees of roll from which a face counts as turned
_EYES, _NOSE_TIP, _LIPS = ((33, 133), (263, 362)), 1, (13, 14)
_CORNERS = (33, 263)  # outer eye corners, left and right in the picture
# Order of the iris network's first 16 points, as mesh indices: lower lid corner to corner, then the upper lid.
_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
)


@dataclass(frozen=True, slots=True)
class MeshFace:
    """A face in a picture.

    Args:
        points: ``(468, 3)`` x and y in pixels, depth in the same unit, smaller is nearer. The lids come from the iris
            network.
        irises: ``(2, 2)`` iris centres in pixels, the one on the left of the picture first.
        presence: Probability that there is a face at these points.
        drawn: Whether the network for drawings read them, because the face mesh found no face.
    """

    points: Points
    irises: Points
    presence: float
    drawn: bool = False

    @property
    def region(self) -> Region:
        """Return the region to search for this face in the next frame."""
        flat = self.points[:, :2]
        return Region.around(flat, flat[_CORNERS[0]], flat[_CORNERS[1]], 1.5)

    @property
    def turn(self) -> int:
        """Return the clockwise turn of the face in the picture: 0, 90, 180 or 270 degrees."""
        roll = float(np.degrees(self.region.angle))
        return 0 if abs(roll) < _TURNED else round(roll / 90) * 90 % 360

    @property
    def box(self) -> Points:
        """Return ``(4,)`` left, top, right, bottom of the mesh in pixels."""
        return np.concatenate([self.points[:, :2].min(0), self.points[:, :2].max(0)])


class FaceMesh:
    """Detect faces, and follow one from frame to frame.

    Where the face mesh finds none, the network for drawings is the second try; it is loaded when it is first needed.

    Args:
        files: Files of the networks, from `find_face_mesh`.
        drawings: Whether there is a second try.

    Raises:
        MissingPackageError: The package ai-edge-litert is not installed.
        ModelFilesError: A network cannot be loaded.
    """

    _drawings = False

    def __init__(self, files: FaceMeshFiles, *, drawings: bool = True) -> None:
        self._detector = FaceDetector(files.detector)
        self._mesh = Network(files.landmarks)
        self._iris = Network(files.iris)
        self._drawings = drawings

    def detect(self, image: Image, *, every_view: bool = False) -> list[Detection]:
        """Find the faces of an RGB picture ``(H, W, 3)``; the list may be empty (see `FaceDetector.detect`)."""
        return self._detector.detect(image, every_view=every_view)

    def track(self, image: Image, previous: MeshFace | None = None) -> MeshFace | None:
        """Read the face at its previous position, otherwise the face nearest to it, otherwise the largest face.

        Args:
            image: ``(H, W, 3)`` RGB.
            previous: The face in the previous frame.

        Returns:
            The face, or None if this frame shows none.
        """
        if previous is not None:
            face = self._read_again(image, previous)
            if face is not None:
                return face
        return next(self._search(image, previous), None)

    def read_all(self, image: Image, most: int, *, thorough: bool = False) -> list[MeshFace]:
        """Read the faces of a picture, the largest first.

        Args:
            image: ``(H, W, 3)`` RGB.
            most: Maximum number of faces.
            thorough: Whether further views are searched even where a large face was found, so that small faces beside
                it are found too; this takes several times as long.
        """
        faces: list[MeshFace] = []
        for face in self._search(image, None, thorough=thorough):
            if not faces or overlaps(face.box, np.stack([other.box for other in faces])).max() < _SAME_FACE:
                faces.append(face)
            if len(faces) == most:
                break
        return faces

    def find(self, image: Image, box: Box | None = None) -> MeshFace:
        """Read the face of a still.

        Args:
            image: ``(H, W, 3)`` RGB.
            box: Left, top, right, bottom of the face in pixels, for a face that detection misses or to choose one.

        Raises:
            NoFaceError: The picture is too small or shows no face; the message lists the remaining choices.
        """
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST_SIDE:
            raise NoFaceError(
                f"picture is {width}x{height} px, at least {SMALLEST_SIDE} px a side expected; enlarge it"
            )
        if box is not None:
            region = _region_of(box, height, width)
            face = self._settle(image, region)
            if face.presence < _PRESENT and self._drawings:
                seen = _drawn_face_reader().read(image, region)
                return _as_mesh(seen) if seen.within() else face
            return face
        found = self.track(image)
        if found is None:
            raise NoFaceError(
                f"no face found in {width}x{height} px (looked at the whole, with a margin, in tiles, in four turns, "
                "as in a drawing); give its box (left, top, right, bottom) or 68 landmarks in pixels, or take another "
                "picture or frame"
            )
        check_turn(found)
        return found

    def _search(self, image: Image, previous: MeshFace | None, *, thorough: bool = False) -> Iterator[MeshFace]:
        """Read the faces of the first view that shows a credible one.

        A face that the mesh denies counts at once where its detection in the first view is very certain. A less certain
        one waits until the further views have shown nothing, since backgrounds have such detections too. A turned face
        counts only where the mesh is present.
        """
        denied: list[MeshFace] = []
        for index, found in enumerate(self._groups(image, thorough)):
            credible = False
            for detection, face, present in self._readings(image, found, previous):
                confirmed = index == 0 and not face.turn and _confirms(detection, face)
                if present or (confirmed and detection.score >= _VERY_SURE):
                    credible = True
                    yield face
                elif confirmed:
                    denied.append(face)
            if credible:
                return
        yield from denied
        if not denied:
            readings = self._readings(image, self._turned(image), previous)
            turned = [face for _, face, present in readings if present and face.turn]
            yield from turned or self._drawn(image)

    def _read_again(self, image: Image, previous: MeshFace) -> MeshFace | None:
        """Read a face where it was in the frame before, by the network that found it; None where it is not there."""
        if previous.drawn:
            seen = _drawn_face_reader().read(image, previous.region)
            return _as_mesh(seen) if seen.within() else None
        face = self._read(image, previous.region)
        return face if face.presence >= _PRESENT else None

    def _drawn(self, image: Image) -> list[MeshFace]:
        """Return the drawn faces of a picture, the largest first: upright ones, or else turned ones."""
        if not self._drawings:
            return []
        reader = _drawn_face_reader()
        for turned in (False, True):
            if found := [face for face in reader.find(image, turned=turned) if face.within()]:
                return sorted(
                    (_as_mesh(face) for face in found),
                    key=lambda face: -float(np.ptp(face.points[:, :2], axis=0).prod()),
                )
        return []

    def _groups(self, image: Image, thorough: bool) -> Iterator[list[Detection]]:
        """Yield what is detected, from what is most easily seen to small tiles."""
        yield self.detect(image, every_view=thorough)
        for found in self._detector.look_closer(image):
            yield merge([face for face in found if face.score >= _PRESENT])

    def _turned(self, image: Image) -> list[Detection]:
        return self._detector.detect_turned(image)

    def _readings(
        self, image: Image, found: list[Detection], previous: MeshFace | None
    ) -> Iterator[tuple[Detection, MeshFace, bool]]:
        """Yield each detection with its mesh and whether that is present, the nearest to the previous or largest first.

        A mesh whose box does not stand still, or whose middle lies beside the detected box, is not present.
        """
        for detection in _in_order(found, previous):
            best = self._turn(image, detection)
            face, steady = self._refine(image, best.region)
            yield best, face, face.presence >= _PRESENT and steady and _lies_in(face, best)

    def _turn(self, image: Image, detection: Detection) -> Detection:
        return self._detector.turn(image, detection)

    def _settle(self, image: Image, region: Region) -> MeshFace:
        return self._refine(image, region)[0]

    def _refine(self, image: Image, region: Region) -> tuple[MeshFace, bool]:
        """Read the mesh until its box agrees with the one before; return it, and whether they agree at last.

        The first mesh locates the face's square better than the detector, so there are at least two.
        """
        before = self._read(image, region)
        for _ in range(_READS - 1):
            face = self._read(image, before.region)
            if overlaps(face.box, before.box[None])[0] >= _STILL:
                return face, True
            before = face
        return before, False

    def _read(self, image: Image, region: Region) -> MeshFace:
        size = self._mesh.size
        mesh, presence = sorted(self._mesh(region.cut(image, size)).values(), key=lambda output: -output.size)
        points = region.to_picture(mesh.astype(np.float64).reshape(468, 3), size)
        irises = np.stack([self._read_eye(image, points, eye) for eye in (0, 1)])
        return MeshFace(points, irises, float(1 / (1 + np.exp(-np.clip(float(presence.ravel()[0]), -100, 100)))))

    def _read_eye(self, image: Image, points: Points, eye: int) -> Points:
        """Refine one eye's lids in `points` and return its iris centre."""
        lids = np.array(_LIDS[eye])
        corners = points[lids[[0, 8]], :2]
        start, end = corners if eye == 0 else corners[::-1]
        region = Region.around(corners, start, end, 2.3)
        size = self._iris.size
        cut = region.cut(image, size)
        # The network accepts only the eye on the left of the picture, so the other one is mirrored.
        output = self._iris(cut if eye == 0 else cut[:, ::-1])
        contour = output["output_eyes_contours_and_brows"].astype(np.float64).reshape(71, 3)[:16, :2]
        iris = output["output_iris"].astype(np.float64).reshape(5, 3)[:1, :2]
        if eye == 1:
            contour[:, 0], iris[:, 0] = size - contour[:, 0], size - iris[:, 0]
        points[lids, :2] = region.to_picture(contour, size)
        centre: Points = region.to_picture(iris, size)[0]
        return centre


def _drawn_face_reader() -> DrawnFaceReader:
    # torch takes a second to import, and the face mesh alone does not need it.
    from generator.trackers.drawn_face import shipped_drawn_face

    return shipped_drawn_face()


def _as_mesh(face: DrawnFace) -> MeshFace:
    return MeshFace(face.points[:468], face.points[[468, 473], :2], face.score, drawn=True)


def _in_order(found: list[Detection], previous: MeshFace | None) -> list[Detection]:
    if previous is None:
        return sorted(found, key=lambda face: -float((face.box[2:] - face.box[:2]).prod()))
    x, y = previous.region.x, previous.region.y
    return sorted(found, key=lambda face: float(np.hypot(face.region.x - x, face.region.y - y)))


def _lies_in(face: MeshFace, detection: Detection) -> bool:
    """Return whether the middle of a mesh lies in the detected box."""
    middle = (face.box[:2] + face.box[2:]) / 2
    return bool((detection.box[:2] <= middle).all() and (middle <= detection.box[2:]).all())


def _confirms(detection: Detection, face: MeshFace) -> bool:
    """Return whether a certain detection has eyes, nose and mouth at the positions of the mesh."""
    flat = face.points[:, :2]
    mesh = np.stack([*(flat[list(eye)].mean(0) for eye in _EYES), flat[_NOSE_TIP], flat[list(_LIPS)].mean(0)])
    left, right, nose = mesh[:3]
    # Seen from the side the eyes are close together, but the nose is not close to them.
    scale = max(_distance(detection.keypoints[0], detection.keypoints[1]), _distance(nose, (left + right) / 2))
    apart = np.linalg.norm(mesh - detection.keypoints[:4], axis=1).mean()
    return detection.score >= _SURE_DETECTION and bool(apart < _AGREEMENT * scale)


def _distance(a: Points, b: Points) -> float:
    return float(np.linalg.norm(a - b))


def check_turn(face: MeshFace, frame: int | None = None) -> None:
    """Check that a face is upright enough to read its motion.

    Args:
        face: The face.
        frame: Number of its frame in a clip; None for a picture.

    Raises:
        NoFaceError: It is turned by about 90, 180 or 270 degrees.
    """
    if face.turn:
        where, what = ("", "picture") if frame is None else (f" in frame {frame}", "clip")
        raise NoFaceError(
            f"the face{where} is turned by {face.turn} degrees clockwise; turn the {what} by {360 - face.turn} degrees "
            "clockwise, so that the face is upright, and try again"
        )


def check_box(box: Box, height: int, width: int) -> Box:
    """Check that a box lies in the picture and is large enough to show a face.

    Args:
        box: Left, top, right, bottom in pixels.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.

    Raises:
        NoFaceError: The box is empty, too small, or extends beyond the picture.
    """
    left, top, right, bottom = box
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise NoFaceError(
            f"box {box} is not left < right, top < bottom inside the {width}x{height} px picture; correct the box"
        )
    if min(right - left, bottom - top) < _SMALLEST_BOX:
        raise NoFaceError(
            f"box {box} is {right - left:g}x{bottom - top:g} px, at least {_SMALLEST_BOX} px a side expected; "
            "correct the box or enlarge the picture"
        )
    return box


def camera_faces(faces: list[MeshFace], height: int, width: int) -> tuple[Points, Points]:
    """Convert the 68 points ``(K, 68, 3)`` and the irises ``(K, 2, 2)`` of K faces to `camera_space`.

    Args:
        faces: The faces, at least one.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
    """
    points = np.stack([camera_space(face.points[MESH_INDEX], height, width) for face in faces])
    irises = np.stack([camera_space(face.irises, height, width) for face in faces])
    return points, irises


def _region_of(box: Box, height: int, width: int) -> Region:
    left, top, right, bottom = check_box(box, height, width)
    return Region((left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top) * 1.5)
