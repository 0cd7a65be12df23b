from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from watermark import (
    ClipMarker,
    IdentityError,
    MediaError,
    Payload,
    PayloadKind,
    TooSmallError,
    check_size,
    mark,
    read_mark,
)
from watermark.mark import views
from watermark.mark.correlation import correlate, folded_spectrum, highest
from watermark.mark.registration import Residual, likely_changes
from watermark.mark.tile import carriers_of, luminance, slot_of, whole_scales


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


def ssim(a, b):
    return structural_similarity(a, b, channel_axis=2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PayloadKind)
def test_id_and_kind_are_read_from_every_picture_and_fidelity_holds(pictures, key, kind):
    for number, picture in enumerate(pictures.values()):
        payload = Payload(2**40 + number, kind)
        marked = mark(picture, payload, key)
        reading = read_mark(marked, key, search=0)
        assert (reading.present, reading.id, reading.kind) == (True, payload.hex, kind)
        assert reading.p_value < 1e-12
        assert not reading.ours
        assert psnr(picture, marked) >= 41
        assert ssim(picture, marked) >= 0.97


def test_the_tile_begins_where_the_id_says_and_other_ids_begin_elsewhere(large_picture, key):
    carriers, scale = carriers_of(key), whole_scales(512, 512)[0]
    places = set()
    for identifier in range(6):
        marked = mark(large_picture, Payload(identifier, PayloadKind.GENERATED), key)
        _, place = highest(correlate([folded_spectrum([luminance(marked)], scale)], carriers)[0])
        assert place == tuple(carriers.slots[slot_of(identifier, key)])
        places.add(place)
    assert len(places) > 2


def test_a_mark_at_a_place_that_its_id_does_not_name_is_not_taken_for_whole(large_picture, key, payload):
    """Shifted by a few pixels the tile is at no slot: the search over all shifts must find it, as in a crop."""
    marked = mark(large_picture, payload, key)
    whole, rolled = read_mark(marked, key), read_mark(np.roll(marked, (5, 9), axis=(0, 1)), key)
    assert (whole.id, rolled.id) == (payload.hex, payload.hex)
    assert whole.p_value < rolled.p_value


def test_a_mark_at_another_ids_place_is_read_as_a_crop_would_be(large_picture, key, payload):
    """All frames show a strong template where the id does not belong; the reading of one frame must not be lost."""
    slots, own = carriers_of(key).slots, slot_of(payload.id, key)
    clip = np.stack([np.roll(large_picture, 5 * index, axis=1) for index in range(6)])
    marked = mark(clip, payload, key)
    for other in {0, 9, 41} - {own}:
        moved = np.roll(marked, slots[other] - slots[own], axis=(1, 2))
        reading = read_mark(moved, key)
        assert (reading.present, reading.id) == (True, payload.hex)


def test_no_two_slots_of_a_key_are_one_place():
    rng = np.random.default_rng(3)
    for key in [bytes(range(32)), *(rng.bytes(32) for _ in range(100))]:
        assert len(np.unique(carriers_of(key).slots, axis=0)) == 64


@pytest.mark.slow
@pytest.mark.parametrize(("turn", "stretch", "scale"), [(9.3, 0.0, 0.0), (-4.0, 0.0, 0.1), (0.0, 0.11, 0.0)])
def test_a_change_of_shape_is_found_without_the_key(large_picture, key, payload, turn, stretch, scale):
    wanted = (
        np.exp(-scale)
        * np.array(
            [
                [np.cos(np.radians(turn)), -np.sin(np.radians(turn))],
                [np.sin(np.radians(turn)), np.cos(np.radians(turn))],
            ]
        )
        @ np.diag([1, np.exp(-stretch)])
    )
    marked = mark(large_picture, payload, key)
    back = np.linalg.inv(wanted)[::-1, ::-1]
    size = (round(512 * np.exp(stretch)), 512)
    middle = np.array([255.5, 255.5]) - np.linalg.inv(back) @ (np.array(size) / 2 - 0.5)
    matrix = np.column_stack([np.linalg.inv(back), middle])
    changed = cv2.warpAffine(marked, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    found = likely_changes(Residual.of(luminance(changed)), 6)
    assert min(np.abs(change - wanted).max() for change in found) < 0.004
    assert read_mark(changed, key).id == payload.hex


def test_unmarked_pictures_and_other_keys_read_nothing(pictures, key, payload):
    for picture in pictures.values():
        assert not read_mark(picture, key, search=0).present
    reading = read_mark(mark(pictures["face"], payload, key), bytes(32), search=1)
    assert (reading.present, reading.id, reading.kind) == (False, None, None)
    assert reading.p_value > 1e-6


def test_the_tail_of_unmarked_pictures_stays_below_the_stated_bound(pictures, large_picture):
    """The 1050 pairs of picture and key have one hypothesis each; the bound is 5.6e-2 at z = 4.5 and 4.7e-3 at 5."""
    spectra = [
        folded_spectrum([luminance(picture)], whole_scales(*picture.shape[:2])[0])
        for picture in [*pictures.values(), large_picture]
    ]
    rng = np.random.default_rng(0)
    keys = [carriers_of(rng.bytes(32)) for _ in range(150)]
    peaks = np.concatenate([correlate(spectra, carriers).max((1, 2)) for carriers in keys])
    assert (peaks > 4.5).mean() < 0.056
    assert (peaks > 5.0).mean() < 0.01
    assert peaks.max() < 6.5


@pytest.mark.parametrize("shape", [(128, 128), (129, 203), (257, 255), (300, 640), (720, 405), (256, 1500)])
def test_odd_and_long_shapes_carry_the_mark(large_picture, key, payload, shape):
    tiled = np.tile(large_picture, (2, 3, 1))[: shape[0], : shape[1]]
    marked = mark(tiled, payload, key)
    assert marked.shape == (*shape, 3)
    assert read_mark(marked, key, search=0).id == payload.hex


def test_a_small_picture_is_refused_before_any_work_with_a_way_out(key, payload):
    check_size(128, 4000)
    with pytest.raises(TooSmallError, match=r"127 × 200 .* 128 pixels; make it larger"):
        check_size(200, 127)
    with pytest.raises(TooSmallError):
        mark(np.zeros((100, 200, 3), np.uint8), payload, key)


@pytest.mark.parametrize("shape", [(1, 1, 3), (20, 400, 3), (2, 16, 16, 3)])
def test_a_picture_too_small_to_carry_a_mark_reads_as_unmarked(key, shape):
    reading = read_mark(np.full(shape, 90, np.uint8), key)
    assert (reading.present, reading.z, reading.p_value) == (False, 0.0, 1.0)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_picture_reads_as_unmarked_without_failing(key, value):
    reading = read_mark(np.full((256, 256, 3), value, np.uint8), key)
    assert not reading.present
    assert np.isfinite(reading.z)


def test_the_same_input_gives_the_same_bytes(clip, key, payload):
    assert np.array_equal(mark(clip[:3], payload, key), mark(clip[:3].copy(), payload, key))


def test_a_clip_marked_in_pieces_is_the_clip_marked_at_once(clip, key, payload):
    marker = ClipMarker.prepare(clip, payload, key)
    pieces = np.concatenate([marker.mark(clip[:5]), marker.mark(clip[5:])])
    assert np.array_equal(pieces, mark(clip, payload, key))
    assert np.array_equal(marker.mark(clip[0]), pieces[0])


def test_a_marker_refuses_frames_of_another_size(clip, key, payload):
    marker = ClipMarker.prepare(clip[:1], payload, key)
    with pytest.raises(MediaError, match=r"255 × 256 .* 256 × 256; prepare another"):
        marker.mark(clip[:, :, 1:])


def test_marking_leaves_its_input_alone(pictures, key, payload):
    before = pictures["cat"].copy()
    mark(pictures["cat"], payload, key)
    assert np.array_equal(before, pictures["cat"])


def test_each_frame_of_a_clip_carries_the_mark_alone(clip, key, payload):
    marked = mark(clip, payload, key)
    assert {read_mark(frame, key, search=0).id for frame in marked} == {payload.hex}
    assert psnr(clip, marked) >= 41
    assert min(ssim(*pair) for pair in zip(clip, marked, strict=True)) >= 0.97


@pytest.mark.parametrize(("frames", "most", "contrast"), [(1, 1.25, 1.4), (3, 1.3, 1.2)])
def test_flat_regions_are_spared_where_busy_ones_carry_the_mark(large_picture, key, payload, frames, most, contrast):
    """Half the picture is one grey; its change stays near one grey level, and the mark still reads after JPEG."""
    picture = large_picture[:256, 128:384].copy()
    picture[:, :128] = 140
    marked = mark(picture if frames == 1 else np.stack([picture] * frames), payload, key)
    still = marked if frames == 1 else marked[0]
    change = still.astype(float) - picture
    flat, busy = change[:, :96].std(), change[:, 160:].std()
    assert flat < most
    assert busy > contrast * flat
    coded = cv2.imdecode(cv2.imencode(".jpg", still, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)
    assert read_mark(coded, key, search=0).id == payload.hex


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((256, 256, 3), np.float32),
        np.zeros((256, 256), np.uint8),
        np.zeros((3, 256, 256), np.uint8),
        np.zeros((0, 256, 256, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_picture_is_refused_by_both_sides(array, key, payload):
    with pytest.raises(MediaError, match="expected uint8 RGB"):
        mark(array, payload, key)
    with pytest.raises(MediaError, match="expected uint8 RGB"):
        read_mark(array, key)


def test_a_key_of_another_length_is_refused(pictures, payload):
    with pytest.raises(IdentityError, match="5 bytes, expected 32"):
        mark(pictures["cat"], payload, b"short")


def test_a_quick_reading_tries_no_turn_or_scale_and_a_searching_one_does(large_picture, key, monkeypatch):
    tried = []
    changed = views._changed
    monkeypatch.setattr(views, "_changed", lambda *given, **how: tried.append(given) or changed(*given, **how))
    assert not read_mark(large_picture, key, search=0).present and not tried
    assert not read_mark(large_picture, key, search=1).present and len(tried) == 1
