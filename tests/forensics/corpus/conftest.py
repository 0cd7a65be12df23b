"""Build the folders and lists of the published data sets, with clips of four frames in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from watermark import encode_clip


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype=np.uint8)
    encode_clip(frames, path, 25.0)
    return path


@pytest.fixture
def put_clip(clip_file: Path) -> Callable[[Path], Path]:
    """Return a function that writes a clip to a path."""

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(clip_file, path))

    return put


@pytest.fixture
def put_frames() -> Callable[..., None]:
    """Return a function that writes a folder of frames."""

    def put(folder: Path, count: int = 2) -> None:
        folder.mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (16, 16), (number, 50, 90)).save(folder / f"{number:03d}.png")

    return put


FF_SPLITS = {"train": ("000", "003"), "val": ("006", "009"), "test": ("012", "015")}


@pytest.fixture
def ff_tree(tmp_path: Path, put_clip: Callable[[Path], Path]) -> Path:
    """Build FaceForensics++: three pairs of ids, six methods, two compressions, actors, masks and splits."""
    root = tmp_path / "FaceForensics++"
    for version in ("raw", "c23"):
        for first, second in FF_SPLITS.values():
            for name in (first, second):
                put_clip(root / "original_sequences/youtube" / version / "videos" / f"{name}.mp4")
            for method in ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter"):
                for name in (f"{first}_{second}", f"{second}_{first}"):
                    put_clip(root / "manipulated_sequences" / method / version / "videos" / f"{name}.mp4")
        for actor in range(1, 7):
            put_clip(root / f"original_sequences/actors/{version}/videos/{actor:02d}__exit_phone_room.mp4")
            forged = f"{actor:02d}_{(actor - 1 ^ 1) + 1:02d}__exit_phone_room__YVGY8LOK.mp4"
            put_clip(root / f"manipulated_sequences/DeepFakeDetection/{version}/videos/{forged}")
    put_clip(root / "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4")
    for split, pair in FF_SPLITS.items():
        (root / f"{split}.json").write_text(json.dumps([list(pair)]))
    return root


@pytest.fixture
def celeb_tree(tmp_path: Path, put_clip: Callable[[Path], Path]) -> Path:
    """Build Celeb-DF v2: twelve people who are all swapped with one another, and YouTube videos without names."""
    root = tmp_path / "Celeb-DF-v2"
    tested = []
    for person in range(12):
        put_clip(root / f"Celeb-real/id{person}_0000.mp4")
        put_clip(root / f"YouTube-real/{person:05d}.mp4")
        for other in range(12):
            if other != person:
                put_clip(root / f"Celeb-synthesis/id{person}_id{other}_0000.mp4")
        if person < 3:
            tested += [f"1 Celeb-real/id{person}_0000.mp4", f"1 YouTube-real/{person:05d}.mp4"]
            tested += [f"0 Celeb-synthesis/id{person}_id{person + 3}_0000.mp4"]
    (root / "List_of_testing_videos.txt").write_text("\n".join(tested) + "\n")
    return root
