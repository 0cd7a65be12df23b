"""`facetrail animate` on an avatar, with a tracker that knows it; toy weights where a network is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from forensics import cli
from forensics.animation.small_source import track_any_size
from forensics.animation.streamed_clip import open_frames
from generator import DriveSequence, FaceParams, avatars
from generator.errors import NoFaceError
from generator.network.config import TOY, TOY_SD15
from generator.network.model import AniFaceDiff
from generator.network.weights_io import save_pretrained
from generator.trackers import find_tracker
from watermark import CredentialState, Deployment, encode_clip, open_clip, read_media, read_provenance

torch.set_num_threads(1)
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "animate.json").read_text())
AVATAR = avatars.sample_avatar(3, "cartoon")
FACE = replace(AVATAR.params(), camera=np.array([0.3, 0.5, 0.5], np.float32))
Run = Callable[..., tuple[int, str, str]]


class KnowingTracker:
    """Knows where the avatar is, in a picture of any shape with the avatar in its middle.

    Args:
        face_model: Face model of the answers; those of a toy network's are neutral heads.
    """

    def __init__(self, face_model: str = "arkit") -> None:
        self.face_model = face_model

    def track_still(self, image: np.ndarray, *, box: object = None, landmarks: object = None) -> FaceParams:
        if not image.any():
            raise NoFaceError("no face found; give a box")
        return FACE if self.face_model == "arkit" else FaceParams.neutral(face_model=self.face_model)


@pytest.fixture
def animate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> Run:
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    monkeypatch.setattr("logging.captureWarnings", lambda _: None)
    monkeypatch.setattr(
        "forensics.animation.animate.open_tracker",
        lambda choice: KnowingTracker(find_tracker(choice.name or "arkit").face_model),
    )

    def call(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(a) for a in ("animate", *arguments, "--home", deployment.folder)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    still = avatars.render(AVATAR, FACE, 240).picture
    Image.fromarray(still).save(folder / "source.png")
    Image.fromarray(still).convert("L").save(folder / "grey.png")
    Image.fromarray(np.pad(still, ((0, 0), (40, 41), (0, 0)), mode="edge")[:, :, :]).save(folder / "wide.png")
    clear = Image.fromarray(still).convert("RGBA")
    clear.putalpha(200)
    clear.save(folder / "alpha.png")
    Image.fromarray(np.zeros((150, 150, 3), np.uint8)).save(folder / "black.png")
    Image.fromarray(still[:100, :100]).save(folder / "small.png")
    Image.fromarray(still[:31, :100]).save(folder / "tiny.png")
    avatars.sample_motion(np.random.default_rng(0), AVATAR.shape.values, 9).save(folder / "drive.npz")
    for name, face_model in (("flame", "flame"), ("toy", TOY.face_model)):
        still_motion = DriveSequence.still(FaceParams.neutral(face_model=face_model), 12.5)
        still_motion.take([0] * (9 if name == "toy" else 1)).save(folder / f"{name}.npz")
    torch.manual_seed(0)
    for name, config in (("mini", TOY), ("sd15", TOY_SD15)):
        model = AniFaceDiff(config)
        if config.codec == "patch":
            model.codec.fit(torch.rand(4, 3, config.image_size, config.image_size) * 2 - 1)
        save_pretrained(model.state_dict(), config, folder / name, {"name": "toy"})
    return folder


def moved(material: Path, folder: Path, source: str = "source.png") -> tuple[object, ...]:
    return material / source, material / "drive.npz", "-o", folder / "a.mp4"


def entry(out: str) -> dict[str, object]:
    return json.loads(out)["results"][0]


@pytest.mark.slow
def test_the_answer_keeps_the_contract(animate: Run, material: Path, tmp_path: Path) -> None:
    made = animate(*moved(material, tmp_path), "--json")
    assert made[0] == 0, made[2]
    result = entry(made[1])
    allowed = SCHEMA["properties"]["results"]["items"]["anyOf"][0]
    assert set(result) - {"notes"} == set(allowed["required"]) == set(allowed["properties"]) - {"notes", "sidecar"}
    assert (result["preset"], result["device"], result["dtype"], result["sampler"]) == (
        "geometry",
        "cpu",
        "fp32",
        "ddim",
    )
    assert (result["frames"], result["evaluations_per_frame"], result["continued"]) == (9, 1.0, False)
    assert result["credential"] == {"state": "trusted"}


@pytest.mark.slow
@pytest.mark.parametrize("source", ["grey.png", "alpha.png", "wide.png"])
def test_any_picture_is_a_source_and_is_pasted_back_at_its_size(
    animate: Run, material: Path, tmp_path: Path, source: str
) -> None:
    code, out, err = animate(*moved(material, tmp_path, source), "--paste-back", "--json")
    assert code == 0, err
    frames = read_media(tmp_path / "a.mp4").frames
    with Image.open(material / source) as picture:
        width, height = picture.size
    assert frames.shape == (9, height + height % 2, width + width % 2, 3) and entry(out)["composite"]


@pytest.mark.slow
def test_the_big_preset_runs_with_every_dial(animate: Run, material: Path, tmp_path: Path) -> None:
    dials = ["--sampler", "tcd", "--steps", 2, "--guidance", 1.5, "--expression-strength", 0.5, "--eyes", 1.2]
    dials += ["--mouth", 0.8, "--window", 12, "--overlap", 0, "--dtype", "bf16", "--device", "cpu", "--preset", "sd15"]
    files = material / "source.png", material / "toy.npz", "-o", tmp_path / "frames", "--weights", material / "sd15"
    code, out, err = animate(*files, *dials, "--json")
    assert code == 0, err
    assert (entry(out)["preset"], entry(out)["dtype"], entry(out)["evaluations_per_frame"]) == ("sd15", "bf16", 4.0)


@pytest.mark.parametrize(
    ("source", "drive", "options", "complaint"),
    [
        ("source.png", "drive.npz", ["--preset", "sd15"], "facetrail models import"),
        ("source.png", "toy.npz", ["--preset", "sd15", "--weights", "mini"], "holds weights of preset mini"),
        ("source.png", "flame.npz", ["--weights", "mini"], "flame.npz: .*face model flame.*--tracker"),
        ("source.png", "flame.npz", ["--preset", "geometry"], "face model flame.*--tracker arkit"),
        ("source.png", "drive.npz", ["--tracker", "smirk"], "reads flame faces and the weights draw"),
        ("source.png", "drive.npz", ["--window", "40"], "choose 12 to 32"),
        ("source.png", "drive.npz", ["--sampler", "lcm", "--steps", "51"], "choose 1 to 50"),
        ("source.png", "drive.npz", ["--device", "tpu"], "there are: cpu"),
        ("source.png", "drive.npz", ["--weights", "nothing"], "card.json"),
        ("source.png", "toy.npz", ["--weights", "sd15", "--regions", "eyes"], "--regions is for the presets geometry"),
        ("black.png", "drive.npz", [], "black.png: no face found"),
        ("small.png", "drive.npz", ["--paste-back"], "small.png.*at least 128.*--paste-back"),
        ("tiny.png", "drive.npz", [], "tiny.png: a source of 100 × 31 pixels.*at least 32"),
        ("drive.npz", "drive.npz", [], "drive.npz"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    animate: Run, material: Path, tmp_path: Path, source: str, drive: str, options: list[str], complaint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(material)
    code, out, err = animate(source, drive, "-o", tmp_path / "a.mp4", *options)
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert code in (1, 2) and out == "" and len(lines) == 1
    assert re.search(complaint, lines[0]), lines[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("size", [(32, 32), (96, 96), (40, 255)])
def test_a_small_picture_is_a_source_because_only_the_output_is_marked(
    animate: Run, material: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    with Image.open(material / "source.png") as picture:
        picture.resize(size).save(tmp_path / "avatar.png")
    command = tmp_path / "avatar.png", material / "drive.npz", "-o", tmp_path / "a.mp4"
    code, out, err = animate(*command, "--json")
    assert code == 0, err
    assert entry(out)["credential"] == {"state": "trusted"}
    assert min(entry(out)["width"], entry(out)["height"]) >= 128


class OnlyLargeTracker:
    """Finds no face in a picture of fewer than 200 pixels, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[tuple[int, ...], object, object]] = []

    def track_still(self, image: np.ndarray, *, box: object = None, landmarks: object = None) -> FaceParams:
        self.given.append((image.shape[:2], box, landmarks))
        if min(image.shape[:2]) < 200:
            raise NoFaceError(f"no face found in {image.shape[1]}x{image.shape[0]} px")
        return FACE


def test_a_small_picture_is_enlarged_for_the_tracker_with_its_box_and_points() -> None:
    tracker, points = OnlyLargeTracker(), np.full((68, 2), 7.5)
    track_any_size(tracker, np.zeros((64, 128, 3), np.uint8), (8.0, 4.0, 40.0, 36.0), points)
    assert [shape for shape, _, _ in tracker.given] == [(64, 128), (256, 512)]
    assert tracker.given[1][1] == (32.0, 16.0, 160.0, 144.0)
    np.testing.assert_allclose(tracker.given[1][2], 31.5)
    tracker = OnlyLargeTracker()
    with pytest.raises(NoFaceError, match="190x190"):
        track_any_size(tracker, np.zeros((190, 190, 3), np.uint8), None, None)
    assert len(tracker.given) == 1


def drive_with_sound(path: Path, seconds: float) -> None:
    """Write nine frames at 25 a second, and a tone."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=25)
        video.width = video.height = 64
        audio = file.add_stream("aac", rate=48000, layout="mono")
        for number in range(9):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 100 + 5 * number, np.uint8), format="rgb24")
            file.mux(video.encode(frame))
        file.mux(video.encode())
        tone = (0.3 * np.sin(np.arange(round(seconds * 48000)) / 20)).astype(np.float32)
        for start in range(0, len(tone) - 1023, 1024):
            sound = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 48000, start
            file.mux(audio.encode(sound))
        file.mux(audio.encode())


@pytest.fixture
def follow(animate: Run, monkeypatch: pytest.MonkeyPatch, material: Path) -> Run:
    """Animate with any clip as the drive, whose motion is the one that is saved."""
    motion = DriveSequence.load(material / "drive.npz")
    monkeypatch.setattr("forensics.animation.animate.track_file", lambda *_: motion)
    return animate


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_sound_of_the_drive_is_kept_and_cut_to_the_length(
    follow: Run, material: Path, tmp_path: Path, suffix: str
) -> None:
    drive_with_sound(tmp_path / f"drive{suffix}", 2.0)
    command = material / "source.png", tmp_path / f"drive{suffix}", "-o", tmp_path / "a.mp4"
    code, out, err = follow(*command, "--json")
    assert code == 0, err
    assert entry(out)["sound"] == f"kept, as in drive{suffix}"
    with av.open(str(tmp_path / "a.mp4")) as file:
        (audio,) = file.streams.audio
        packets = [packet for packet in file.demux(audio) if packet.pts is not None]
        end = float((packets[-1].pts + packets[-1].duration) * packets[-1].time_base)
    assert end == pytest.approx(9 / entry(out)["fps"], abs=0.05)


@pytest.mark.slow
def test_where_the_sound_is_left_out_one_line_says_why(follow: Run, material: Path, tmp_path: Path) -> None:
    drive_with_sound(tmp_path / "drive.mp4", 1.0)
    code, out, err = follow(material / "source.png", tmp_path / "drive.mp4", "-o", tmp_path / "frames")
    assert code == 0, err
    assert "  sound       left out: only an .mp4, .mov or .webm holds sound" in out.splitlines()
    data = bytearray((tmp_path / "drive.mp4").read_bytes())
    for name in (b"mp4a", b"esds"):
        data[data.index(name) : data.index(name) + 4] = b"zzzz"
    (tmp_path / "odd.mp4").write_bytes(data)
    code, out, err = follow(material / "source.png", tmp_path / "odd.mp4", "-o", tmp_path / "b.mp4")
    assert code == 0, err
    (line,) = [line for line in out.splitlines() if line.startswith("  sound")]
    assert line.startswith("  sound       left out: ")
    assert not open_clip(tmp_path / "b.mp4").has_sound


def test_a_silent_drive_needs_no_word(follow: Run, material: Path, tmp_path: Path) -> None:
    encode_clip(np.zeros((9, 64, 64, 3), np.uint8), tmp_path / "drive.mp4", 25)
    code, out, _ = follow(material / "source.png", tmp_path / "drive.mp4", "-o", tmp_path / "a.mp4")
    assert code == 0
    assert "sound" not in out


@pytest.mark.parametrize("value", ["abc", "-1", "nan", "inf"])
def test_a_scale_that_is_no_number_from_zero_on_is_refused(animate: Run, value: str) -> None:
    code, _, err = animate("a.png", "b.mp4", "-o", "c.mp4", f"--guidance={value}")
    assert code == 2 and f"argument --guidance: {value} is not a number from 0 on" in err


def test_a_source_that_carries_a_mark_is_not_pasted_back(animate: Run, material: Path, tmp_path: Path) -> None:
    drive = DriveSequence.load(material / "drive.npz").take([0])
    drive.save(tmp_path / "one.npz")
    assert animate(material / "source.png", tmp_path / "one.npz", "-o", tmp_path / "a.png")[0] == 0
    again = (tmp_path / "a.png", material / "drive.npz", "-o", tmp_path / "b.mp4")
    code, _, err = animate(*again, "--paste-back")
    assert code == 1 and "carries mark" in err and "--paste-back" in err


@pytest.mark.slow
def test_the_same_command_continues_and_fresh_starts_over(
    animate: Run, material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for networks that draw whole pictures; layers are drawn as fast as they are shown."""
    weights = "--preset", "sd15", "--weights", material / "sd15", "--steps", 2, "--guidance", 1
    command = material / "source.png", material / "toy.npz", "-o", tmp_path / "a.mp4", *weights
    with monkeypatch.context() as stopped:
        writer = "generator.inference.delivery.ClipWriter.write"
        stopped.setattr(writer, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert animate(*command)[0] == 130
    assert [path.name.split(".")[-1] for path in tmp_path.iterdir()] == ["unfinished"]
    code, out, _ = animate(*command)
    assert code == 0 and "continued from where an earlier run had stopped" in out
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert "continued" not in animate(*command, "--fresh")[1]


def test_a_streamed_clip_is_the_clip(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (6, 130, 140, 3)).astype(np.uint8)
    encode_clip(frames, tmp_path / "a.mp4", 25)
    whole = read_media(tmp_path / "a.mp4").frames
    streamed, fps = open_frames(tmp_path / "a.mp4")
    assert (streamed.ndim, streamed.shape, len(streamed), fps) == (4, whole.shape, 6, 25.0)
    np.testing.assert_array_equal(np.stack(list(streamed)), whole)
    for index in (2, 2, 5, 0):
        np.testing.assert_array_equal(streamed[index], whole[index])
    with pytest.raises(IndexError):
        streamed[6]
    Image.fromarray(frames[0]).save(tmp_path / "a.png")
    still, fps = open_frames(tmp_path / "a.png")
    assert still.shape == (1, 130, 140, 3) and fps is None


@pytest.mark.slow
def test_several_sources_and_a_failing_one_are_answered_each(animate: Run, material: Path, tmp_path: Path) -> None:
    one = DriveSequence.load(material / "drive.npz").take([0, 4])
    one.save(tmp_path / "short.npz")
    (tmp_path / "few.txt").write_text(f"{material / 'source.png'}\n{material / 'black.png'}\n")
    command = tmp_path / "few.txt", tmp_path / "short.npz", "-o", tmp_path / "out"
    code, out, err = animate(*command, "--json")
    assert code == 1
    made, failed = json.loads(out)["results"]
    assert Path(made["path"]) == tmp_path / "out" / "source--short.mp4" and made["credential"] == {"state": "trusted"}
    assert "black.png: no face found" in failed["error"]["message"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["source--short.mp4"]
    code, _, err = animate(*command)
    assert code == 1 and "source--short.mp4: is there already" in err


@pytest.mark.slow
def test_regions_that_are_not_named_stay_as_in_the_source(animate: Run, material: Path, tmp_path: Path) -> None:
    avatars.sample_motion(np.random.default_rng(0), AVATAR.shape.values, 60).take([0, 30, 59]).save(tmp_path / "m.npz")
    still, moved_less = tmp_path / "still.mp4", tmp_path / "less.mp4"
    for out, regions in ((still, "all=0"), (moved_less, "lips,eyes=0.5")):
        code, _, err = animate(material / "source.png", tmp_path / "m.npz", "-o", out, "--regions", regions)
        assert code == 0, err
    changes = [np.abs(np.diff(read_media(path).frames.astype(int), axis=0)).mean() for path in (still, moved_less)]
    assert changes[0] < 0.5 < changes[1]


@pytest.mark.parametrize("value", ["nose", "eyes=4", "lips=x", ""])
def test_a_region_that_does_not_exist_is_refused(animate: Run, value: str) -> None:
    code, _, err = animate("a.png", "b.mp4", "-o", "c.mp4", f"--regions={value}")
    assert code == 2 and "argument --regions" in err


def test_a_format_that_is_not_written_is_refused_with_the_reason(animate: Run, material: Path, tmp_path: Path) -> None:
    code, _, err = animate(material / "source.png", material / "drive.npz", "-o", tmp_path / "a.bmp")
    assert code == 1 and "unknown kind of output; use .mp4, .mov, .webm, .webp, .gif, .png" in err
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def cut_out(material: Path) -> Path:
    """Return the source without its background."""
    picture = avatars.render(AVATAR, FACE, 256).picture
    alpha = avatars.avatar_truth(AVATAR, FACE, 256).alpha
    path = material / "cut-out.png"
    Image.fromarray(np.dstack([picture, np.rint(255 * alpha).astype(np.uint8)])).save(path)
    return path


@pytest.mark.parametrize("suffix", [".webp", ".mov", ""])
def test_a_transparent_source_stays_transparent(
    animate: Run, deployment: Deployment, cut_out: Path, tmp_path: Path, suffix: str
) -> None:
    avatars.sample_motion(np.random.default_rng(0), AVATAR.shape.values, 60).take([0, 30, 59]).save(tmp_path / "m.npz")
    out = tmp_path / f"a{suffix}"
    code, text, err = animate(cut_out, tmp_path / "m.npz", "-o", out)
    assert code == 0, err
    assert "holds no transparency" not in text
    with Image.open(cut_out) as picture:
        alpha = np.asarray(picture)[..., 3].astype(int)
    shown = out if suffix else out / "00001.png"
    if suffix != ".mov":
        with Image.open(shown) as picture:
            moved = np.asarray(picture.convert("RGBA"))[..., 3].astype(int)
        assert 0.5 < np.abs(moved - alpha).mean() < 25 or suffix == ".webp"
        assert (moved == 0).mean() > 0.2 and (moved == 255).mean() > 0.2
    assert read_media(shown).flattened
    found = read_provenance(shown, deployment)
    assert found.credential.state is CredentialState.TRUSTED and found.mark is not None and found.mark.ours


@pytest.mark.parametrize(("suffix", "way"), [(".mp4", "name .webp, .mov, .webm or a folder"), (".gif", "name .webp")])
def test_transparency_that_a_format_cannot_hold_is_named(
    animate: Run, cut_out: Path, tmp_path: Path, suffix: str, way: str
) -> None:
    avatars.sample_motion(np.random.default_rng(0), AVATAR.shape.values, 60).take([0, 30]).save(tmp_path / "m.npz")
    code, text, err = animate(cut_out, tmp_path / "m.npz", "-o", tmp_path / f"a{suffix}")
    assert code == 0, err
    assert f"{suffix} holds no transparency, so it stands on white; {way}" in text
