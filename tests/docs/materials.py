"""Build the files of the documentation's commands: small files made of avatars, under the names that pages use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from forensics.synthesis.filming import at_rest
from generator import DriveSequence, FaceParams
from generator.avatars import Avatar, render, sample_avatar, sample_motion
from watermark import Deployment, encode_clip

AVATAR = sample_avatar(3, "cartoon")


class KnowingAvatarTracker:
    """Stand-in for the tracker, whose networks would have to be downloaded: the avatar's head, which turns a little."""

    name = "arkit"
    face_model = "arkit"

    def track_still(self, image: np.ndarray, **_: object) -> FaceParams:
        return at_rest(AVATAR)

    def track_clip(self, frames: np.ndarray, fps: float, **_: object) -> DriveSequence:
        still = DriveSequence.still(at_rest(AVATAR), fps).take([0] * len(frames))
        pose = np.zeros_like(still.pose)
        pose[:, 0] = 0.1 * np.sin(np.arange(len(frames)))
        return replace(still, pose=pose)


class KnowingFinder:
    """Stand-in for the face mesh as a finder: it returns a head in the middle."""

    name = "face-mesh"

    def __call__(self, image: np.ndarray, most: int, *, thorough: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
        height, width = image.shape[:2]
        points = np.random.default_rng(0).uniform(0.3, 0.7, (68, 2)) * (width, height)
        box = np.array([0.25 * width, 0.2 * height, 0.75 * width, 0.8 * height], np.float32)
        return [(box, points.astype(np.float32))]


def motion(frames: int) -> DriveSequence:
    return drawn_motion(AVATAR, frames, 0)


def drawn_motion(avatar: Avatar, frames: int, seed: int) -> DriveSequence:
    rng = np.random.default_rng(seed)
    return sample_motion(rng, avatar.shape.values, frames, 12.5, at_rest(avatar).camera)


def film(avatar: Avatar, frames: int, size: int, seed: int = 0) -> np.ndarray:
    drive = drawn_motion(avatar, frames, seed)
    return np.stack([render(avatar, drive[number], size).picture for number in range(frames)])


def put_picture(path: Path) -> None:
    Image.fromarray(render(AVATAR, at_rest(AVATAR), 512).picture).save(path, quality=95)


def put_pictures(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    put_picture(path)


def put_clip(path: Path) -> None:
    encode_clip(film(AVATAR, 6, 256), path, 12.5)


def put_motion(path: Path) -> None:
    motion(6).save(path)


def put_scores(path: Path) -> None:
    """Write scores of a detector with an AUC above 0.5 on twenty videos of twenty people, one for each name."""
    rng = np.random.default_rng(len(path.name))
    rows = ["video,identity,label,score,method"]
    for number in range(20):
        forged = number % 2
        method = "Deepfakes" if forged else "youtube"
        of = f"{method}/v{number},p{number},{forged}"
        rows += [f"{of},{np.clip(rng.normal(0.4 + 0.2 * forged, 0.3), 0, 1):.4f},{method}" for _ in range(2)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def put_bench_results(path: Path) -> None:
    """Write the output folder of a DeepfakeBench training, with scores of the test set of FaceForensics++."""
    from ..forensics.evaluation.external_scores.foreign_files import faceforensics_scores, write_bench

    write_bench(path, faceforensics_scores(8, 2))


def put_bench(path: Path) -> None:
    """Write DeepfakeBench's list of FaceForensics++ with its pictures: three pairs of people, one method."""
    tree: dict[str, dict[str, dict[str, dict[str, object]]]] = {"FF-real": {}, "FF-DF": {}}
    for part, (split, first) in enumerate((("train", 0), ("val", 4), ("test", 8))):
        people = [f"{first + number:03d}" for number in range(4)]
        swaps = [f"{people[n]}_{people[n ^ 1]}" for n in range(4)]
        for label, folder, names in (
            ("FF-real", "original_sequences/youtube", people),
            ("FF-DF", "manipulated_sequences/Deepfakes", swaps),
        ):
            videos = tree[label].setdefault(split, {}).setdefault("c23", {})
            for number, name in enumerate(names):
                frames = _put_frames(
                    path.parent.parent, f"FaceForensics++/{folder}/c23/frames/{name}", 10 * part + number
                )
                videos[name] = {"label": label, "frames": frames}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"FaceForensics++": tree}), encoding="utf-8")


def _put_frames(root: Path, folder: str, seed: int) -> list[str]:
    (root / folder).mkdir(parents=True)
    names = [f"{folder}/{number:03d}.png" for number in range(2)]
    avatar = sample_avatar(seed, "flat")
    for name, frame in zip(names, film(avatar, 2, 160, seed), strict=True):
        coarse = cv2.resize(cv2.resize(frame, None, fx=0.25, fy=0.25), frame.shape[1::-1])
        Image.fromarray(coarse if "manipulated" in folder else frame).save(root / name)
    return names


def put_identity(part: str) -> Callable[[Path], None]:
    """Copy a certificate or key from another installation."""

    def put(path: Path) -> None:
        other = Deployment.open(path.parent / ".another-home")
        shutil.copyfile(other.folder / "identity" / part, path)

    return put


def put_demo(path: Path) -> None:
    """Build a demo with every stage, by the shipped generator."""
    from detectors import TrainConfig
    from forensics.demo.pipeline import DemoConfig, run_demo
    from forensics.synthesis.generator_forger import open_forger
    from forensics.synthesis.plan import SynthesisConfig

    config = DemoConfig(
        corpus=SynthesisConfig(seed=2, identities=6, clips=1, stills=1, frames=4),
        detector="cpu",
        per_clip=2,
        training=TrainConfig(epochs=1, batch_size=8),
        distortions=("jpeg",),
        severities=(1,),
        distorted_per_clip=1,
        gallery=2,
        replicates=50,
    )
    deployment = Deployment.open(path.parent / "home")
    run_demo(path, config, open_forger(deployment), deployment)


def put_lab(path: Path) -> None:
    """Write a detector of one's own with its settings, and a checkpoint of a small network of timm."""
    import torch

    from detectors import create_detector

    path.mkdir()
    examples = Path(__file__).parents[2] / "examples"
    for suffix in (".py", ".toml"):
        shutil.copyfile(examples / f"own_detector{suffix}", path / f"my_detector{suffix}")
    tensors = create_detector("toy_resnet18").model.state_dict()
    kept = {name.removeprefix("backbone."): value for name, value in tensors.items() if "backbone." in name}
    kept |= {name.replace("classifier", "fc"): value for name, value in tensors.items() if "classifier" in name}
    torch.save(kept, path / "checkpoint.pth")


MATERIALS: dict[str, Callable[[Path], None]] = {
    "picture.jpg": put_picture,
    "pictures/portrait.jpg": put_pictures,
    "avatar.png": put_picture,
    "clip.mp4": put_clip,
    "drive.mp4": put_clip,
    "drive.npz": put_motion,
    "scores.csv": put_scores,
    "my-scores.csv": put_scores,
    "other-scores.csv": put_scores,
    "dataset_json/FaceForensics++.json": put_bench,
    "logs": put_bench_results,
    "their-root.pem": put_identity("root.pem"),
    "their-leaf.pem": put_identity("chain.pem"),
    "chain.pem": put_identity("chain.pem"),
    "key.pem": put_identity("leaf_key.pem"),
    "root.pem": put_identity("root.pem"),
    "demo-out": put_demo,
    "my-lab": put_lab,
}
"""Functions that build each file, by the name of the file in the pages."""
