"""Compress pictures in memory and decode them again, as if they had been read from a file."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError

Image = NDArray[np.uint8]


def jpeg_roundtrip(image: Image, quality: int) -> Image:
    """Compress an RGB picture as JPEG in memory and read it back.

    Args:
        image: (H, W, 3) uint8 RGB.
        quality: 1–100.

    Raises:
        TrainingError: OpenCV cannot encode the picture.
    """
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise TrainingError(f"a crop of shape {image.shape} cannot be encoded as JPEG")
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def h264_roundtrip(frames: NDArray[np.uint8], crf: int) -> NDArray[np.uint8]:
    """Compress RGB frames as H.264 in memory and read them back.

    Args:
        frames: (T, H, W, 3) uint8 RGB; a single picture becomes one intra frame. Odd sides are padded for the codec.
        crf: Constant rate factor, 0–51; the default of x264 is 23.

    Returns:
        (T, H, W, 3) uint8 RGB.

    Raises:
        TrainingError: PyAV has no H.264 encoder or does not return every frame.
    """
    height, width = frames.shape[1:3]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    try:
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height = even.shape[2], even.shape[1]
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = Fraction(1, 25)
        encoder.thread_count = 1  # slices depend on the number of threads, but equal seeds must give equal pictures
        encoder.options = {"crf": str(crf), "preset": "veryfast", "tune": "zerolatency"}
        packets = []
        for number, picture in enumerate(even):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = number
            packets += encoder.encode(frame)
        packets += encoder.encode(None)
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        decoded = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    except av.error.FFmpegError as error:
        raise TrainingError(f"crops cannot be compressed as H.264: {error}") from error
    if len(decoded) != len(frames):
        raise TrainingError(f"H.264 gave {len(decoded)} of {len(frames)} frames back")
    pictures = np.stack([frame.to_ndarray(format="rgb24", threads=1) for frame in decoded])
    return np.ascontiguousarray(pictures[:, :height, :width])
