"""Define attacks on marked pictures and clips, and measures of fidelity."""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Callable

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity

Frames = NDArray[np.uint8]
Attack = Callable[[Frames], Frames]


def coded(form: str, quality: int) -> Attack:
    """Return an attack that encodes a picture and decodes it."""

    def through(picture: Frames) -> Frames:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, form, quality=quality)
        return np.array(Image.open(buffer).convert("RGB"))

    return through


def resized(across: float, down: float) -> Attack:
    """Return an attack that scales the two directions."""

    def resize(picture: Frames) -> Frames:
        size = (round(picture.shape[1] * across), round(picture.shape[0] * down))
        method = cv2.INTER_AREA if min(across, down) < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(picture, size, interpolation=method), dtype=np.uint8)

    return resize


def cropped(part: float, *, back: bool = False) -> Attack:
    """Return an attack that crops each side to a part, off centre; with `back` it is resized to the old size."""

    def crop(picture: Frames) -> Frames:
        height, width = picture.shape[:2]
        size = round(height * part), round(width * part)
        top, left = int((height - size[0]) * 0.61), int((width - size[1]) * 0.37)
        piece = np.ascontiguousarray(picture[top : top + size[0], left : left + size[1]])
        return resized(1 / part, 1 / part)(piece) if back else piece

    return crop


def turned(degrees: float) -> Attack:
    """Return an attack that rotates about the centre and keeps the size; the corners become black."""

    def turn(picture: Frames) -> Frames:
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
        return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC), dtype=np.uint8)

    return turn


def noisy(deviation: float) -> Attack:
    """Return an attack that adds white noise, in grey levels."""

    def add(picture: Frames) -> Frames:
        noise = np.random.default_rng(1).normal(0, deviation, picture.shape)
        return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)

    return add


def levelled(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Attack:
    """Return an attack that maps every grey level to another."""
    table = np.clip(np.rint(change(np.arange(256.0))), 0, 255).astype(np.uint8)
    return lambda picture: table[picture]


def chained(*attacks: Attack) -> Attack:
    """Return an attack that applies several attacks one after the other."""

    def through(picture: Frames) -> Frames:
        for attack in attacks:
            picture = attack(picture)
        return picture

    return through


def _grey(picture: Frames) -> Frames:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)


def _bordered(picture: Frames) -> Frames:
    """Lay a picture into the middle of a white square, a quarter larger than its long side."""
    height, width = picture.shape[:2]
    side = round(1.25 * max(height, width))
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square


def screenshot(scale: float) -> Attack:
    """Return an attack that shows a resized picture on a page of text and buttons, with bars over its upper rim."""

    def show(picture: Frames) -> Frames:
        shown = resized(scale, scale)(picture).copy()
        height, width = shown.shape[:2]
        for number in range(3):  # the bars that count the parts of a story
            left, right = (round(width * (0.03 + 0.32 * number + shift)) for shift in (0, 0.29))
            cv2.rectangle(shown, (left, round(0.02 * height)), (right, round(0.03 * height)), (235, 235, 235), -1)
        rng = np.random.default_rng(2)
        page = np.full((height + width, round(1.12 * width), 3), 246, np.uint8)
        for top in range(6, page.shape[0] - 14, 22):
            left = 4
            while left < page.shape[1] - 8:  # words, one letter beside the other
                for _ in range(int(rng.integers(2, 9))):
                    letter = (left, top + int(rng.integers(0, 3))), (left + int(rng.integers(2, 6)), top + 11)
                    cv2.rectangle(page, *letter, (40, 44, 52), int(rng.integers(1, 3)))
                    left += 8
                left += 7
        for number in range(4):
            middle = round(page.shape[1] * (0.15 + 0.23 * number)), page.shape[0] - width // 8
            cv2.circle(page, middle, width // 14, (29, 113, 214), 3)
        top, left = width // 3, (page.shape[1] - width) // 2
        page[top : top + height, left : left + width] = shown
        return page

    return show


STILL_ATTACKS: dict[str, Attack] = {
    "none": lambda x: x,
    "JPEG 90": coded("JPEG", 90),
    "JPEG 75": coded("JPEG", 75),
    "JPEG 50": coded("JPEG", 50),
    "JPEG 30": coded("JPEG", 30),
    "WebP 80": coded("WEBP", 80),
    "WebP 50": coded("WEBP", 50),
    "AVIF 50": coded("AVIF", 50),
    "resize 0.5": resized(0.5, 0.5),
    "resize 0.75": resized(0.75, 0.75),
    "resize 1.5": resized(1.5, 1.5),
    "crop 0.9": cropped(0.9),
    "crop 0.75": cropped(0.75),
    "crop 0.5": cropped(0.5),
    "crop 0.75, back to size": cropped(0.75, back=True),
    "rotation +5": turned(5),
    "rotation +10": turned(10),
    "rotation -10": turned(-10),
    "wider by 10 %": resized(1.1, 1),
    "narrower by 10 %": resized(0.9, 1),
    "mirrored": lambda x: np.ascontiguousarray(x[:, ::-1]),
    "turned by 90 degrees": lambda x: np.ascontiguousarray(np.rot90(x)),
    "turned by 180 degrees": lambda x: np.ascontiguousarray(np.rot90(x, 2)),
    "turned by 270 degrees": lambda x: np.ascontiguousarray(np.rot90(x, 3)),
    "mirrored upside down": lambda x: np.ascontiguousarray(x[::-1]),
    "turned by 90 degrees, resize 0.5, JPEG 75": chained(np.rot90, resized(0.5, 0.5), coded("JPEG", 75)),
    "white border to a square, JPEG 90": chained(_bordered, coded("JPEG", 90)),
    "screenshot of a page": screenshot(1),
    "screenshot of a page, 0.8 of the size": screenshot(0.8),
    "grey": _grey,
    "noise 5": noisy(5),
    "noise 10": noisy(10),
    "noise 20": noisy(20),
    "blur 1": lambda x: np.asarray(cv2.GaussianBlur(x, (0, 0), 1.0)),
    "blur 2": lambda x: np.asarray(cv2.GaussianBlur(x, (0, 0), 2.0)),
    "median 3": lambda x: np.asarray(cv2.medianBlur(x, 3)),
    "brightness 1.3": levelled(lambda v: 1.3 * v),
    "brightness 0.7": levelled(lambda v: 0.7 * v),
    "contrast 1.5": levelled(lambda v: (v - 128) * 1.5 + 128),
    "contrast 0.6": levelled(lambda v: (v - 128) * 0.6 + 128),
    "gamma 0.7": levelled(lambda v: 255 * (v / 255) ** 0.7),
    "gamma 1.4": levelled(lambda v: 255 * (v / 255) ** 1.4),
    "resize 0.5, JPEG 50": chained(resized(0.5, 0.5), coded("JPEG", 50)),
    "crop 0.75, JPEG 75": chained(cropped(0.75), coded("JPEG", 75)),
    "non-local means 10": lambda x: np.asarray(cv2.fastNlMeansDenoisingColored(x, None, 10, 10, 7, 21)),
}
CLIP_CODERS = (("libx264", 18), ("libx264", 23), ("libx264", 28), ("libx264", 33), ("libx265", 28))


def through_coder(frames: Frames, coder: str, crf: int, fps: int = 25) -> tuple[Frames, int]:
    """Encode a clip and decode it again; return the frames and the size of the file in bytes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        options = {"crf": str(crf), "preset": "medium", "threads": "1"}
        if coder == "libx265":
            options["x265-params"] = "log-level=none:pools=none:frame-threads=1"
        stream = file.add_stream(coder, rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        for picture in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())
    size = buffer.tell()
    buffer.seek(0)
    with av.open(buffer) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]), size


def psnr(before: Frames, after: Frames) -> float:
    """Return the peak signal-to-noise ratio over all channels (and frames), in dB."""
    error = float(np.mean((after.astype(np.float32) - before) ** 2))
    return 10 * math.log10(255**2 / max(error, 1e-12))


def ssim(before: Frames, after: Frames) -> float:
    """Return the structural similarity with the defaults of scikit-image, averaged over channels."""
    return float(structural_similarity(before, after, channel_axis=2))


def flat_change(before: Frames, after: Frames) -> float | None:
    """Return the root mean square change of luminance where the picture is flat, in grey levels.

    A region is flat where luminance is between 8 and 247 and varies by less than one grey level over 15 × 15 pixels.
    The result is None where less than one per cent of the picture is flat.
    """
    luma, marked = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).astype(np.float32) for x in (before, after))
    spread = cv2.blur(luma * luma, (15, 15)) - cv2.blur(luma, (15, 15)) ** 2
    where = (spread < 1) & (luma > 8) & (luma < 247)
    return float(np.sqrt(np.mean((marked - luma)[where] ** 2))) if where.mean() >= 0.01 else None


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    z = statistics.NormalDist().inv_cdf(0.975)
    share, square_z = hits / count, z * z / count
    middle = (share + square_z / 2) / (1 + square_z)
    reach = z * math.sqrt(share * (1 - share) / count + square_z / (4 * count)) / (1 + square_z)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
