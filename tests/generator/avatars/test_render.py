"""Avatars are drawn the same way every time, with plausible colours, in every style."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from generator.avatars import MATERIALS, STYLES, Avatar, RenderedAvatar, render, restyle, sample_avatar
from generator.avatars.colours import linear
from generator.avatars.facets import few_faces
from generator.avatars.look import sample_look
from generator.avatars.materials import BACKGROUND, CLOTHES, HAIR, HAND, SKIN
from generator.avatars.posing import pose_points, turn_vectors
from generator.errors import FaceModelError
from generator.face.face_params import ARKIT_EXPRESSION, FaceParams
from generator.face.pose import rotation

SIZE = 80
SEED = 3


@cache
def character(style: str, seed: int = SEED) -> Avatar:
    return sample_avatar(seed, style)


@cache
def drawn(style: str) -> RenderedAvatar:
    return render(character(style), in_the_middle(character(style)), SIZE)


def in_the_middle(avatar: Avatar) -> FaceParams:
    camera = np.array([0.3, 0.5, 0.52], np.float32)
    return replace(avatar.params(), pose=np.zeros(3, np.float32), camera=camera)


def with_expression(params: FaceParams, **values: float) -> FaceParams:
    expression = params.expression.copy()
    for name, value in values.items():
        expression[ARKIT_EXPRESSION.index(name)] = value
    return replace(params, expression=expression)


def share(frame: RenderedAvatar, *kinds: int) -> float:
    return float(np.isin(frame.buffer.material, kinds).mean())


@pytest.mark.parametrize("style", STYLES)
def test_a_style_draws_a_face_before_a_background(style):
    frame = drawn(style)
    assert frame.picture.shape == (SIZE, SIZE, 3)
    assert frame.picture.dtype == np.uint8
    assert 0.08 < share(frame, SKIN) < 0.6
    assert 0.1 < share(frame, BACKGROUND) < 0.8
    assert share(frame, CLOTHES) > 0.01
    skin = frame.buffer.material[1::2, 1::2] == SKIN
    inside = frame.picture[skin].astype(float)
    assert 15 < inside.mean() < 245
    assert inside.std() > 2
    outside = frame.picture[frame.buffer.material[1::2, 1::2] == BACKGROUND].astype(float)
    assert np.abs(inside.mean(0) - outside.mean(0)).max() > 4


@pytest.mark.parametrize("style", ["real", "cartoon", "anime", "flat"])
def test_the_skin_has_the_hue_that_the_look_says(style):
    avatar, frame = character(style), drawn(style)
    skin = frame.picture[frame.buffer.material[1::2, 1::2] == SKIN].astype(np.float32)
    seen, wanted = linear(np.median(skin, 0)), linear(avatar.look.complexion.skin)
    light = avatar.look.light.key_colour + avatar.look.light.around.mean(0)
    wanted = wanted * (light / light.mean() if style in ("real", "cartoon") else 1)
    assert np.argmax(seen) == np.argmax(wanted)
    assert np.abs(seen / seen.sum() - wanted / wanted.sum()).max() < 0.15


def test_the_same_seed_draws_the_same_picture():
    again = sample_avatar(SEED, "real")
    assert repr(again.look) == repr(character("real").look)
    assert np.array_equal(render(again, in_the_middle(again), SIZE).picture, drawn("real").picture)


def test_another_seed_draws_another_picture():
    other = character("flat", SEED + 1)
    assert not np.array_equal(render(other, in_the_middle(other), SIZE).picture, drawn("flat").picture)


def test_an_unknown_style_is_refused_with_the_nearest_name():
    with pytest.raises(FaceModelError, match="no style 'cartoons'; did you mean 'cartoon'"):
        sample_avatar(0, "cartoons")


def test_parameters_of_another_face_model_are_refused():
    with pytest.raises(ValueError, match="'arkit', not 'flame'"):
        render(character("flat"), FaceParams.neutral(face_model="flame"), SIZE)


def test_another_drive_keeps_the_colours_of_the_character():
    avatar = character("flat")
    driver = sample_avatar(SEED + 5, "real").params()
    driven = avatar.driven(with_expression(driver, jawOpen=0.6, browInnerUp=0.5))
    frame = render(avatar, replace(driven, camera=in_the_middle(avatar).camera), SIZE)
    for kind in (SKIN, HAIR, CLOTHES):
        first, second = (
            np.median(one.picture[one.buffer.material[1::2, 1::2] == kind], 0) for one in (drawn("flat"), frame)
        )
        if np.isfinite(first).all() and np.isfinite(second).all():
            assert np.abs(first - second).max() < 12, MATERIALS[kind]


def test_shut_eyes_show_no_iris():
    avatar = character("real")
    blink = with_expression(in_the_middle(avatar), eyeBlinkLeft=1, eyeBlinkRight=1)
    irises = (MATERIALS.index("left_iris"), MATERIALS.index("right_iris"))
    assert share(drawn("real"), *irises) > 4 * share(render(avatar, blink, SIZE), *irises)


def test_an_open_jaw_shows_teeth_and_tongue_that_are_lit():
    avatar = character("real")
    frame = render(avatar, with_expression(in_the_middle(avatar), jawOpen=0.9, tongueOut=0.5), 160)
    material = frame.buffer.material[1::2, 1::2]
    assert (material == MATERIALS.index("tongue")).sum() > 4
    tongue = frame.picture[material == MATERIALS.index("tongue")].astype(float).mean(0)
    assert tongue[0] > 40
    assert tongue[0] > tongue[2]


def test_long_hair_stays_outside_the_shoulders_when_the_head_turns():
    avatar = character("anime")
    assert avatar.look.hair is not None
    long = replace(avatar.look, hair=replace(avatar.look.hair, cut="long", length=1.1))
    body = Avatar(SEED, "anime", avatar.shape, long).model.body
    assert body.hair is not None
    assert np.all(body.hair_weight[body.hair.points[:, 1] < -1.5] == 0)
    upright = body.hair_weight[body.hair.points[:, 1] > -0.9]
    assert np.all(upright == 1)


def test_a_low_poly_head_has_few_triangles_and_keeps_the_mouth():
    faces = few_faces()
    head = character("lowpoly").model.head
    assert len(faces) < len(head.skin.triangles) / 4
    lips = np.flatnonzero(head.masks["lips"][: head.asset.body] > 0.5)
    assert np.isin(lips, faces).mean() > 0.9


def test_posing_in_one_pass_agrees_with_turning_points():
    head, rng = character("flat").model.head, np.random.default_rng(0)
    points, weight = rng.normal(size=(50, 3)).astype(np.float32), rng.random(50).astype(np.float32)
    pose = np.array([0.4, -0.2, 0.1], np.float32)
    assert np.allclose(pose_points(points, pose, weight), head.posed(points, pose, weight), atol=1e-5)
    turn = rotation(pose)
    assert np.allclose(turn_vectors(points, turn), points @ turn.T, atol=1e-5)


def test_frames_reuse_what_is_constant():
    avatar = character("flat")
    assert avatar.model is avatar.model
    assert avatar.background(SIZE) is avatar.background(SIZE)


def test_heads_are_framed_from_a_third_to_three_quarters_of_the_picture():
    shape = character("flat").shape
    looks = [sample_look(np.random.default_rng(seed), "cartoon", shape) for seed in range(60)]
    scales = np.array([look.framing[0] for look in looks]) * 2.15
    assert scales.min() >= 0.35
    assert scales.max() <= 0.75
    assert scales.max() - scales.min() > 0.3


def test_scleras_and_lights_vary():
    shape = character("cartoon").shape
    looks = [sample_look(np.random.default_rng(seed), "cartoon", shape) for seed in range(80)]
    sclera = np.array([np.mean(look.eyes.sclera) for look in looks])
    assert sclera.min() < 80
    assert sclera.max() > 225
    assert 0.1 < (sclera < 215).mean() < 0.9
    warmth = np.array([look.light.key_colour[0] / look.light.key_colour[2] for look in looks])
    assert warmth.min() < 0.95
    assert warmth.max() > 1.2
    assert max(look.exposure for look in looks) > 1.25 > 0.9 > min(look.exposure for look in looks)
    assert {look.outfit.hat for look in looks} > {"", "beanie"}


def test_a_picture_has_a_hand_in_front_where_the_look_has_one():
    avatar = character("flat")
    outfit = replace(avatar.look.outfit, hand="wave", hand_side=1)
    waving = Avatar(SEED, "flat", avatar.shape, replace(avatar.look, outfit=outfit))
    assert share(render(waving, in_the_middle(waving), SIZE), HAND) > 0.005


def test_a_restyled_character_keeps_its_look_and_gets_the_proportions_of_the_style():
    avatar = character("real")
    drawn_as = restyle(avatar, "anime")
    assert drawn_as.look.hair == avatar.look.hair
    assert drawn_as.look.complexion == avatar.look.complexion
    assert np.array_equal(drawn_as.shape.values, avatar.shape.values)
    assert drawn_as.shape.proportions.eye_size > 0.3 > avatar.shape.proportions.eye_size
    assert restyle(avatar, "sketch").shape is avatar.shape
