"""Compare marks in one run; write results/watermark_comparison.csv and results/watermark_time.csv.

The others come from the packages invisible-watermark and blind-watermark (extra `bench`; install them with --no-deps).
Each picture contains one random message; a reading counts where the codec returns the message without any error.
Pictures are read as the attack left them; a method that needs the original size does not receive it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.results_csv import write_records
from benchmarks.watermark.attacks import STILL_ATTACKS, Frames, psnr, ssim
from benchmarks.watermark.codecs import Bits, Codec, CodecReading, TileCodec
from benchmarks.watermark.subjects import stills
from watermark import ClipMarker, Payload, PayloadKind, encode_clip

SEED = 6
SIDE = 512
PICTURES = 12
SLOW_PICTURES = 3
ATTACKS = ("none", "JPEG 90", "JPEG 50", "JPEG 30", "WebP 50", "AVIF 50", "resize 0.5", "crop 0.75", "rotation +5",
           "wider by 10 %", "mirrored", "noise 10", "blur 2", "contrast 1.5", "resize 0.5, JPEG 50")  # fmt: skip
RESULTS, TIMES = Path("results/watermark_comparison.csv"), Path("results/watermark_time.csv")
ROUNDS = 9


class InvisibleWatermark:
    """Embed and read with dwtDct, dwtDctSvd or rivaGan of invisible-watermark 0.2.0."""

    smallest_side = 256

    def __init__(self, method: str, capacity: int) -> None:
        """Select one of the package's methods."""
        from imwatermark import WatermarkDecoder, WatermarkEncoder

        self.name, self.capacity, self._method = f"{method}, {capacity} bits", capacity, method
        self._encoder, self._decoder = WatermarkEncoder(), WatermarkDecoder("bits", capacity)
        if method == "rivaGan":
            WatermarkEncoder.loadModel()
            WatermarkDecoder.loadModel()

    def embed(self, picture: Frames, message: Bits) -> Frames:
        """Return a marked copy."""
        self._encoder.set_watermark("bits", message.tolist())
        bgr = np.ascontiguousarray(picture[..., ::-1])
        return np.ascontiguousarray(self._encoder.encode(bgr, self._method)[..., ::-1], dtype=np.uint8)

    def read(self, picture: Frames) -> CodecReading:
        """Read a picture."""
        bits = self._decoder.decode(np.ascontiguousarray(picture[..., ::-1]), self._method)
        return CodecReading(np.array(bits, dtype=np.float64).round().astype(np.uint8), None)


class BlindWatermark:
    """Embed and read with DWT-DCT-SVD of blind-watermark 0.4.4."""

    smallest_side = 256

    def __init__(self, capacity: int) -> None:
        """Set the passwords 1 and 1, the package's default."""
        self.name, self.capacity = f"blind-watermark, {capacity} bits", capacity

    def embed(self, picture: Frames, message: Bits) -> Frames:
        """Return a marked copy."""
        import blind_watermark

        blind_watermark.bw_notes.close()
        mark = blind_watermark.WaterMark(password_wm=1, password_img=1)
        mark.read_img(img=np.ascontiguousarray(picture[..., ::-1]))
        mark.read_wm(message.astype(bool).tolist(), mode="bit")
        marked = mark.embed()
        return np.asarray(np.clip(np.rint(marked[..., ::-1]), 0, 255), dtype=np.uint8)

    def read(self, picture: Frames) -> CodecReading:
        """Read a picture."""
        import blind_watermark

        mark = blind_watermark.WaterMark(password_wm=1, password_img=1)
        bits = mark.extract(embed_img=np.ascontiguousarray(picture[..., ::-1]), wm_shape=self.capacity, mode="bit")
        return CodecReading((np.asarray(bits) > 0.5).astype(np.uint8), None)


def codecs() -> list[tuple[Codec, int]]:
    """Return every codec and the number of pictures for it."""
    key = hashlib.sha256(b"comparison").digest()
    return [
        (TileCodec(key), PICTURES), (InvisibleWatermark("dwtDct", 48), PICTURES),
        (InvisibleWatermark("dwtDctSvd", 48), PICTURES), (BlindWatermark(48), PICTURES),
        (InvisibleWatermark("rivaGan", 32), SLOW_PICTURES),
    ]  # fmt: skip


def cpu(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median processor time of an action in milliseconds."""
    action()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times)


def compare(codec: Codec, pictures: Sequence[Frames]) -> dict[str, str | int]:
    """Mark every picture, attack it, read it, and return one line."""
    rng = np.random.default_rng(SEED)
    made = []
    for picture in pictures:
        message = rng.integers(0, 2, codec.capacity, dtype=np.uint8)
        made.append((picture, codec.embed(picture, message), message))
    row: dict[str, str | int] = {"codec": codec.name, "n": len(made)}
    row["psnr"] = f"{statistics.mean(psnr(before, after) for before, after, _ in made):.1f}"
    row["ssim"] = f"{statistics.mean(ssim(before, after) for before, after, _ in made):.3f}"
    rounds = ROUNDS if len(made) == PICTURES else 3
    row["embed_ms"] = f"{cpu(lambda: codec.embed(made[0][0], made[0][2]), rounds):.0f}"
    row["read_ms"] = f"{cpu(lambda: codec.read(made[0][1]), rounds):.0f}"
    for name in ATTACKS:
        right = 0
        for _, marked, message in made:
            try:
                found = codec.read(STILL_ATTACKS[name](marked)).message
            except (ValueError, IndexError, AssertionError, RuntimeError, cv2.error):
                found = None
            right += found is not None and bool(np.array_equal(found, message))
        row[name] = f"{right / len(made):.2f}"
    print(row, flush=True)
    return row


def times(picture: Frames) -> list[tuple[str, float, str]]:
    """Return the cost of the tile: step, median CPU time in milliseconds, target."""
    key, payload = hashlib.sha256(b"times").digest(), Payload(SEED, PayloadKind.GENERATED)
    tile, quick = TileCodec(key), TileCodec(key, search=0)
    message = np.zeros(tile.capacity, dtype=np.uint8)
    marked = tile.embed(picture, message)
    clip = np.stack([np.roll(picture, shift, axis=1) for shift in range(50)])
    marker = ClipMarker.prepare(clip, payload, key)
    with tempfile.TemporaryDirectory() as folder:
        encoding = cpu(lambda: encode_clip(clip, Path(folder) / "a.mp4", 25, crf=23), 1) / len(clip)
    prepare, frame = cpu(lambda: ClipMarker.prepare(clip, payload, key), 3), cpu(lambda: marker.mark(picture))
    return [
        ("embed a still", cpu(lambda: tile.embed(picture, message)), "20"),
        ("read a marked still", cpu(lambda: tile.read(marked)), "10"),
        ("unmarked still, search 0", cpu(lambda: quick.read(picture)), ""),
        ("unmarked still, search 1", cpu(lambda: tile.read(picture), 3), "1000"),
        ("prepare a clip", prepare, ""),
        ("mark a frame", frame, ""),
        ("encode a frame, H.264 crf 23", encoding, ""),
        ("mark 50 frames / encode them", (prepare / 50 + frame) / encoding, "0.15"),
    ]


def main() -> None:
    """Compare and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", action="store_true", help="measure only the time of our own mark")
    only_times = parser.parse_args().times
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)
    pictures = [subject.pixels for subject in stills("holdout", SIDE)]
    chosen = pictures[8 :: len(pictures) // PICTURES][:PICTURES]
    if not only_times:
        write_records(RESULTS, [compare(codec, chosen[:count]) for codec, count in codecs()])
    with TIMES.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["what, 512 pixels, one core", "median", "target"])
        for what, value, target in times(chosen[0]):
            lines.writerow([what, f"{value:.2f}" if value < 1 else f"{value:.1f}", target])
            print(what, value, flush=True)
    print(f"{os.cpu_count()} cores, shared with other work")


if __name__ == "__main__":
    main()
