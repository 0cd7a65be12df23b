"""Test networks that improve moved layers, on `mini` at its smallest size and with random weights."""

from __future__ import annotations

import copy
import dataclasses

import cv2
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

import generator
from generator import AnimateConfig, FaceParams, GenerationError, GeometryAnimator, load_animator
from generator.avatars import sample_motion
from generator.geometry import (
    GUIDES,
    TURNS,
    Drawing,
    LayerMaps,
    Painter,
    Strength,
    avatar_rig,
    face_in_picture,
    moment_of,
    network_maps,
    prepare_source,
)
from generator.inference.layer_network import LayerImprover, LayerNetwork
from generator.network.model import Conditions
from watermark import CredentialState, PayloadKind, read_mark, read_media, read_provenance

SIZE = 128


@pytest.fixture(scope="module")
def animator(toy_network):
    return GeometryAnimator(toy_network)


@pytest.fixture(scope="module")
def scene(avatar, face, portrait):
    return portrait, face, sample_motion(np.random.default_rng(1), avatar.shape.values, 10)


@pytest.fixture
def unmarked(monkeypatch):
    """Return frames without a mark, to see what was drawn."""
    monkeypatch.setattr("generator.inference.marked_frames.ClipMarker.mark", lambda _, frames: frames)
    monkeypatch.setattr("generator.inference.marked_frames._shows", lambda *_: True)


def drawing(seed, size=SIZE, trust=None):
    """Return random layers with random guides."""
    rng = np.random.default_rng(seed)
    guides = rng.random((size, size, len(GUIDES)), np.float32)
    guides[..., 0] = rng.random((size, size)) < 0.5 if trust is None else trust
    picture = rng.integers(0, 256, (size, size, 3)).astype(np.uint8)
    return Drawing(picture, guides, rng.random((size, size, TURNS), np.float32))


def moments(count, seed=0):
    shape = np.zeros(120, np.float32)
    drive = sample_motion(np.random.default_rng(seed), shape, count)
    return [drive[index] for index in range(count)]


def improver(network, source, **changes):
    return LayerImprover(network, source, network.settings(AnimateConfig(**changes)))


def test_mini_draws_what_plain_ddim_over_its_conditions_draws(toy_model, toy_network):
    layers, faces, source = [drawing(seed) for seed in range(3)], moments(3), drawing(9).picture

    def tensor(pictures):
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()

    def levels(values, size):
        return np.rint(255 * cv2.resize(values, (size, size), interpolation=cv2.INTER_AREA))

    maps = {
        "moved": tensor([each.picture for each in layers]) / 127.5 - 1,
        "guides": tensor([levels(each.guides, SIZE) for each in layers]) / 255,
        "turned": tensor([levels(each.turned, SIZE // 2) for each in layers]) / 255,
    }
    expression = np.stack([np.concatenate([each.expression, each.gaze]) for each in faces]).astype(np.float32)
    given = Conditions(maps, torch.from_numpy(expression))
    schedule = DDIMScheduler(
        beta_start=8.5e-4, beta_end=1.2e-2, beta_schedule="scaled_linear", rescale_betas_zero_snr=True,
        timestep_spacing="trailing", prediction_type="sample", clip_sample=False,
    )  # fmt: skip
    schedule.set_timesteps(2)
    with torch.inference_mode():
        encoded = toy_model.encode_source(tensor([source]) / 127.5 - 1)
        shape = (1, toy_model.config.latent_channels, toy_model.config.grid, toy_model.config.grid)
        latent = torch.randn(shape, generator=torch.Generator().manual_seed(2)).expand(3, -1, -1, -1)
        prepared = toy_model.prepare(encoded, given)
        for time in schedule.timesteps:
            clean = toy_model.denoise(latent, time.expand(3), prepared)
            latent = schedule.step(clean, int(time), latent).prev_sample
        expected = (toy_model.compose(latent, given).picture + 1) * 127.5
    found = improver(toy_network, source, seed=2).improve(layers, faces).astype(float)
    reference = expected.clamp(0, 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(found - reference).max() <= 0.5 + 1e-3  # rounded once, and nothing else
    assert (found != np.stack([each.picture for each in layers])).mean() > 0.2


def test_what_is_trusted_stays_to_the_bit_whatever_the_weights(toy_network):
    wild = copy.deepcopy(toy_network.model)
    torch.manual_seed(3)
    for parameter in wild.compositor.parameters():
        torch.nn.init.normal_(parameter, std=2.0)
    layers = [drawing(seed) for seed in range(2)]
    for model in (toy_network.model, wild):
        network = LayerNetwork(model, model.denoise, "0" * 64, ())
        found = improver(network, drawing(9).picture).improve(layers, moments(2))
        for each, frame in zip(layers, found, strict=True):
            trusted = each.guides[..., 0] == 1
            assert np.array_equal(frame[trusted], each.picture[trusted])
            assert (frame[~trusted] != each.picture[~trusted]).mean() > 0.1


@pytest.mark.parametrize(("size", "drawn"), [(96, 96), (SIZE, SIZE), (200, SIZE), (105, 96)])
def test_layers_of_any_size_come_back_to_the_bit_where_they_are_trusted_everywhere(toy_network, size, drawn):
    improve = improver(toy_network, drawing(9, size).picture)
    assert improve.size == drawn
    for trust in (1.0, 0.0):
        layers = dataclasses.replace(drawing(1, drawn, trust), picture=drawing(1, size).picture)
        found = improve.improve([layers], moments(1))
        assert found.shape == (1, size, size, 3) and np.array_equal(found[0], layers.picture) == (trust == 1)


def test_a_square_whose_side_is_no_multiple_of_the_networks_is_drawn(animator, scene, deployment):
    image, params, drive = scene
    clip = animator.animate(image, params, drive.take([3]), deployment, config=AnimateConfig(size=302))
    assert clip.frames.shape == (1, 302, 302, 3)


def test_the_neutral_moment_of_a_picture_is_the_picture_whatever_the_network(toy_network, face, portrait):
    rig = avatar_rig()
    source = prepare_source(rig, portrait, face_in_picture(face, len(portrait)))
    painter = Painter(source, moment_of(rig, face), Strength())
    opened = np.array(face.expression)
    opened[17] = 0.7
    still, talking = face, dataclasses.replace(face, expression=opened)
    improve = improver(toy_network, portrait)
    drawn = [painter.drawing(moment_of(rig, moment), improve.size) for moment in (still, talking)]
    frames = improve.improve(drawn, [still, talking])
    assert np.array_equal(frames[0], portrait)
    changed = (frames[1] != drawn[1].picture).any(-1)
    doubted = cv2.resize(1 - drawn[1].guides[..., 0], (len(portrait),) * 2, interpolation=cv2.INTER_LINEAR) > 0
    assert changed.any() and not (changed & ~doubted).any()


def test_every_frame_that_leaves_carries_the_claimed_mark_and_the_claim_names_the_network(animator, scene, deployment):
    clip = animator.animate(*scene, deployment)
    assert clip.frames.shape == (10, 256, 256, 3) and clip.frames.dtype == np.uint8
    reading = read_mark(clip.frames, deployment.mark_key)
    assert reading.present and reading.id == clip.claim.payload.hex and reading.kind is PayloadKind.GENERATED
    assert clip.claim.agent == "facetrail AniFaceDiff mini" and clip.claim.model_digest == "0" * 64
    assert ("model.safetensors", "0" * 64) in clip.claim.weights
    assert clip.evaluations == 2


def test_no_public_name_of_the_room_hands_out_unmarked_frames(animator, scene, deployment, monkeypatch, tmp_path):
    def refuse(*_):
        raise RuntimeError("no mark, no frames")

    image, params, drive = scene
    scene = image, params, drive.take([0, 1])
    monkeypatch.setattr("generator.inference.marked_frames.ClipMarker.mark", refuse)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate(*scene, deployment)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate_to(tmp_path / "a.mp4", *scene, deployment)
    monkeypatch.setattr("generator.inference.marked_frames.mark", refuse)
    with pytest.raises(RuntimeError, match="no mark, no frames"):
        animator.animate_to(tmp_path / "frames", *scene, deployment)
    assert not list(tmp_path.rglob("*.mp4")) + list(tmp_path.rglob("*.png"))
    public = [name for name in vars(GeometryAnimator) if not name.startswith("_")]
    assert public == ["from_pretrained", "animate", "animate_to"]
    assert not {"LayerNetwork", "LayerImprover", "LayerDrawing"} & set(generator.__all__)


@pytest.mark.slow
def test_a_sealed_clip_is_trusted_and_is_the_clip_from_memory(animator, scene, deployment, tmp_path):
    whole = animator.animate(*scene, deployment)
    sealed = whole.seal(tmp_path / "a.mp4", deployment)
    made = animator.animate_to(tmp_path / "b.mp4", *scene, deployment)
    assert (made.frames, made.evaluations, made.continued) == (10, 2.0, False)
    for receipt in (sealed, made.receipt):
        provenance = read_provenance(receipt.path, deployment)
        assert provenance.credential.state is CredentialState.TRUSTED
        assert provenance.credential.source_type.endswith("trainedAlgorithmicMedia")
        assert provenance.mark.ours and provenance.mark.id == whole.claim.payload.hex
    np.testing.assert_array_equal(*(read_media(receipt.path).frames for receipt in (sealed, made.receipt)))


@pytest.mark.slow
def test_an_interrupted_run_leaves_nothing(animator, scene, deployment, tmp_path):
    def stopping(done, total):
        if done >= 6:
            raise KeyboardInterrupt

    for name in ("a.mp4", "frames"):
        with pytest.raises(KeyboardInterrupt):
            animator.animate_to(tmp_path / name, *scene, deployment, config=AnimateConfig(chunk=2), progress=stopping)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(animator, scene, deployment, unmarked):
    one, two, other = (animator.animate(*scene, deployment, config=AnimateConfig(seed=s)) for s in (3, 3, 4))
    assert one.frames.tobytes() == two.frames.tobytes()
    assert one.claim == two.claim
    assert one.frames.tobytes() != other.frames.tobytes()


@pytest.mark.slow
def test_works_that_differ_carry_ids_that_differ(animator, toy_network, scene, deployment):
    image, params, drive = scene
    drive = drive.take([0])
    faster = dataclasses.replace(drive, gaze=drive.gaze + np.float32(0.2))
    turned = dataclasses.replace(params, pose=params.pose + np.float32(0.1))
    other = GeometryAnimator(dataclasses.replace(toy_network, digest="1" * 64))
    clips = [
        animator.animate(image, params, drive, deployment),
        animator.animate(image, params, faster, deployment),
        animator.animate(255 - image, params, drive, deployment),
        animator.animate(image, turned, drive, deployment),
        animator.animate(image, params, drive, deployment, config=AnimateConfig(seed=1)),
        animator.animate(image, params, drive, deployment, config=AnimateConfig(mode="absolute")),
        other.animate(image, params, drive, deployment),
        GeometryAnimator().animate(image, params, drive, deployment),
    ]
    assert len({clip.claim.payload.id for clip in clips}) == len(clips)


@pytest.mark.slow
def test_how_frames_are_grouped_does_not_change_them_visibly(animator, scene, deployment, unmarked):
    whole, parts = (
        animator.animate(*scene, deployment, config=AnimateConfig(chunk=c)).frames.astype(int) for c in (10, 3)
    )
    assert np.abs(whole - parts).mean() < 0.05


@pytest.mark.slow
def test_an_anchored_frame_is_the_source_to_the_bit_before_it_is_marked(animator, scene, deployment, unmarked):
    image, params, drive = scene
    anchored = animator.animate(image, params, drive, deployment, config=AnimateConfig(anchor=4)).frames
    assert np.array_equal(anchored[4], image)
    assert all((frame != image).any() for index, frame in enumerate(anchored) if index != 4)


def test_a_still_drive_gives_a_still_clip(animator, scene, deployment, unmarked):
    image, params, drive = scene
    frames = animator.animate(image, params, drive.take([7] * 4), deployment).frames.astype(int)
    assert np.abs(frames - frames[:1]).max() <= 1


def test_progress_counts_frames(animator, scene, deployment):
    seen = []
    animator.animate(
        *scene, deployment, config=AnimateConfig(chunk=4), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 10), (2, 10), (3, 10), (4, 10), (6, 10), (8, 10), (10, 10)]


def test_the_source_is_read_once_and_the_strength_of_the_expression_reaches_the_network(toy_network, monkeypatch):
    model, read = toy_network.model, []
    encode = model.encode_source
    monkeypatch.setattr(model, "encode_source", lambda picture: read.append(picture.shape) or encode(picture))
    layers, faces, source = [drawing(1)], moments(1, seed=4), drawing(9).picture
    improve = improver(toy_network, source)
    one, again = improve.improve(layers, faces), improve.improve(layers, faces)
    assert read == [(1, 3, SIZE, SIZE)] and np.array_equal(one, again)
    maps = [network_maps(each, SIZE) for each in layers]
    silent, loud = (improver(toy_network, source, expression=s)._change(maps, faces) for s in (0.0, 1.0))
    assert np.abs(silent - loud).max() > 1e-4


def test_numbers_that_left_their_range_stop_the_work(toy_network):
    broken = copy.deepcopy(toy_network.model)
    torch.nn.init.constant_(broken.compositor.tail.bias, float("nan"))
    network = LayerNetwork(broken, broken.denoise, "0" * 64, ())
    with pytest.raises(GenerationError, match=r"left the range of torch\.float32"):
        improver(network, drawing(9).picture).improve([drawing(1)], moments(1))


def test_bfloat16_draws_what_float32_draws(toy_network):
    half = copy.deepcopy(toy_network.model).to(torch.bfloat16)
    rough = LayerNetwork(half, half.denoise, "0" * 64, ())
    layers, faces, source = [drawing(seed) for seed in range(2)], moments(2), drawing(9).picture
    exact, found = (improver(network, source).improve(layers, faces).astype(float) for network in (toy_network, rough))
    moved = np.stack([each.picture for each in layers])
    assert np.abs(exact - moved).mean() > 5 * np.abs(exact - found).mean()
    trusted = np.stack([each.guides[..., 0] == 1 for each in layers])
    assert np.array_equal(found[trusted], moved[trusted])


def test_a_compiled_denoiser_is_what_draws(weights_folder, monkeypatch):
    runs = []

    def compiling(function):
        def compiled(*arguments, **options):
            runs.append(len(arguments[0]))
            return function(*arguments, **options)

        return compiled

    monkeypatch.setattr(torch, "compile", compiling)
    compiled, plain = (LayerNetwork.load(weights_folder, compiled=flag) for flag in (True, False))
    layers, faces, source = [drawing(1)], moments(1), drawing(9).picture
    one, other = (improver(network, source, steps=1).improve(layers, faces) for network in (compiled, plain))
    assert np.array_equal(one, other) and runs == [1]


def test_a_loaded_folder_draws_and_says_so(weights_folder, scene, deployment):
    image, params, drive = scene
    clip = load_animator(weights_folder).animate(image, params, drive.take([0]), deployment)
    assert [name for name, _ in clip.claim.weights][1:] == ["model.safetensors"]
    assert clip.claim.model_digest == dict(clip.claim.weights)["model.safetensors"]


def test_the_maps_of_training_are_those_of_an_anchored_clip(scene):
    """Training moves the layers of a tracked still by `LayerMaps`, as the same person's."""
    image, params, drive = scene
    draw = LayerMaps(image, params)
    own = draw(params)
    assert np.array_equal(own["moved"], image) and (own["guides"][..., 0] == 255).all()
    other = draw(dataclasses.replace(drive[5], shape=params.shape))
    assert {name: (values.shape, values.dtype) for name, values in other.items()} == {
        "moved": ((256, 256, 3), np.uint8), "guides": ((256, 256, 7), np.uint8), "turned": ((128, 128, 6), np.uint8),
    }  # fmt: skip
    assert (other["moved"] != image).any() and (other["guides"][..., 0] < 255).any()


def test_a_face_of_another_head_is_refused(animator, scene, deployment):
    image, _, drive = scene
    with pytest.raises(generator.FaceModelError, match="the source was read as a flame face"):
        animator.animate(image, FaceParams.neutral(face_model="flame"), drive, deployment)
