"""Published learned marks, run from TorchScript files that the user supplies.

The files are called as their authors' code calls the models:

    VideoSeal, PixelSeal   one module with `embed(images, messages)` and `detect(images)`, images 0 … 1; `detect` gives
                           (B, 1 + K), the first column unused (docs/using_wam_jit.md of facebookresearch/videoseal)
    Watermark Anything     the same module interface; `detect` gives (B, 1 + K, H, W), a mask first, all as logits
    TrustMark              two modules, encoder(images, messages) and decoder(images), images -1 … 1 at 256 × 256

None of them states how often an unmarked picture reads as marked, so no p-value is given.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from watermark.errors import WatermarkError
from watermark.media.frames import Frames

from .protocol import Bits, CodecReading, check_message, check_still

_TRUSTMARK_SIDE = 256


class _Module:
    """A TorchScript module and the file it came from."""

    def __init__(self, path: Path, codec: str, methods: tuple[str, ...]) -> None:
        import torch

        if not path.is_file():
            raise WatermarkError(
                f"{path}: {codec} needs its weights as a TorchScript file, and there is none; export the published "
                "model with torch.jit and give the path"
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # the published files are TorchScript
                self.module: Any = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise WatermarkError(
                f"{path}: is no TorchScript file; export {codec}'s published model with torch.jit and give that path"
            ) from error
        missing = [method for method in methods if not hasattr(self.module, method)]
        if missing:
            raise WatermarkError(f"{path}: lacks {' and '.join(missing)}, which {codec}'s TorchScript file has")
        self.path = path

    def call(self, method: str, *arrays: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Run one method on arrays and return its first result."""
        import torch

        try:
            with torch.no_grad():
                result = getattr(self.module, method)(*(torch.from_numpy(array) for array in arrays))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise WatermarkError(f"{self.path}: the model failed ({reason}); is it the file of this codec?") from error
        first = result[0] if isinstance(result, tuple) else result
        return np.asarray(first.float().numpy(), dtype=np.float32)


class VideoSealCodec:
    """VideoSeal 1.0, 256 bits (Fernandez et al., "Video Seal: open and efficient video watermarking", 2024)."""

    name = "com.aiwatermark.videoseal.1"
    capacity = 256
    smallest_side = 64

    def __init__(self, path: Path) -> None:
        """Load the module.

        Raises:
            WatermarkError: The file is missing or of another kind.
        """
        self._module = _Module(path, type(self).__name__.removesuffix("Codec"), ("embed", "detect"))

    def embed(self, picture: Frames, message: Bits) -> Frames:
        """Return a marked copy; see `Codec.embed`."""
        check_still(picture, self)
        check_message(message, self)
        marked = self._module.call("embed", _planes(picture), message[None].astype(np.float32))
        if marked.shape != (1, 3, *picture.shape[:2]):
            raise WatermarkError(f"{self._module.path}: embeds into {marked.shape}; is it the file of this codec?")
        return _picture(marked)

    def read(self, picture: Frames) -> CodecReading:
        """Read a picture; see `Codec.read`."""
        check_still(picture, self)
        logits = self._module.call("detect", _planes(picture))
        if logits.ndim < 2 or logits.shape[:2] != (1, 1 + self.capacity):
            raise WatermarkError(f"{self._module.path}: reads {logits.shape}; is it the file of this codec?")
        return CodecReading(self._message(logits), None)

    def _message(self, logits: npt.NDArray[np.float32]) -> Bits | None:
        return np.asarray(logits[0, 1:].reshape(self.capacity, -1).mean(1) > 0, dtype=np.uint8)


class PixelSealCodec(VideoSealCodec):
    """PixelSeal, 256 bits: VideoSeal's interface with another model."""

    name = "com.aiwatermark.pixelseal.1"


class WatermarkAnythingCodec(VideoSealCodec):
    """Watermark Anything, 32 bits, localised (Sander et al., "Watermark Anything with localized messages", 2024)."""

    name = "org.facetrail.watermark-anything"
    capacity = 32

    def _message(self, logits: npt.NDArray[np.float32]) -> Bits | None:
        """Average the bits where the mask says that there is a mark."""
        mask = logits[0, 0] > 0
        if not mask.any():
            return None
        return np.asarray(logits[0, 1:][:, mask].reshape(self.capacity, -1).mean(1) > 0, dtype=np.uint8)


class TrustMarkCodec:
    """TrustMark, 100 raw bits (Bui, Agarwal & Collomosse, "TrustMark: universal watermarking", 2023)."""

    name = "com.adobe.trustmark.P"
    capacity = 100
    smallest_side = 128

    def __init__(self, encoder: Path, decoder: Path, *, strength: float = 1.0) -> None:
        """Load both modules.

        Raises:
            WatermarkError: A file is missing or of another kind.
        """
        self._encoder = _Module(encoder, "TrustMark", ("forward",))
        self._decoder = _Module(decoder, "TrustMark", ("forward",))
        self._strength = strength

    def embed(self, picture: Frames, message: Bits) -> Frames:
        """Return a marked copy; see `Codec.embed`. What the encoder adds at its own size is enlarged."""
        check_still(picture, self)
        check_message(message, self)
        small = _planes(_squeezed(picture)) * 2 - 1
        marked = self._encoder.call("forward", small, message[None].astype(np.float32))
        if marked.shape != small.shape:
            raise WatermarkError(f"{self._encoder.path}: embeds into {marked.shape}; is it the file of this codec?")
        added = (np.clip(marked, -1, 1) - small)[0].transpose(1, 2, 0) * 127.5 * self._strength
        height, width = picture.shape[:2]
        return np.asarray(np.clip(np.rint(picture + cv2.resize(added, (width, height))), 0, 255), dtype=np.uint8)

    def read(self, picture: Frames) -> CodecReading:
        """Read a picture; see `Codec.read`."""
        check_still(picture, self)
        logits = self._decoder.call("forward", _planes(_squeezed(picture)) * 2 - 1)
        if logits.shape != (1, self.capacity):
            raise WatermarkError(f"{self._decoder.path}: reads {logits.shape}; is it the file of this codec?")
        return CodecReading((logits[0] > 0).astype(np.uint8), None)


def _squeezed(picture: Frames) -> Frames:
    size = (_TRUSTMARK_SIDE, _TRUSTMARK_SIDE)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _planes(picture: Frames) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)


def _picture(planes: npt.NDArray[np.float32]) -> Frames:
    return np.asarray(np.clip(np.rint(planes[0].transpose(1, 2, 0) * 255), 0, 255), dtype=np.uint8)
