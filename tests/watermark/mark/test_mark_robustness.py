from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from watermark import Payload, PayloadKind, encode_clip, mark, read_mark, read_media

PAYLOAD = Payload(0xFEDCBA987654, PayloadKind.GENERATED)


def coded(picture, suffix, flag, quality):
    data = cv2.imencode(suffix, picture[..., ::-1], [flag, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def jpeg(picture, quality):
    return coded(picture, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def webp(picture, quality):
    return coded(picture, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def resized(picture, factor):
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method)


def cropped(picture, part):
    height, width = picture.shape[:2]
    top, left = int(height * (1 - part) * 0.61), int(width * (1 - part) * 0.37)
    return picture[top : top + int(height * part), left : left + int(width * part)]


def turned(picture, degrees):
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(picture, matrix, (width, height))


def avif(picture, quality):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "AVIF", quality=quality)
    return np.array(Image.open(buffer).convert("RGB"))


@pytest.mark.slow
@pytest.mark.parametrize("harm", [lambda x: jpeg(x, 50), lambda x: webp(x, 80), lambda x: resized(x, 0.75)])
def test_small_stills_survive_everyday_coding(pictures, key, harm):
    for name, picture in pictures.items():
        reading = read_mark(harm(mark(picture, PAYLOAD, key)), key, search=0)
        assert (name, reading.id) == (name, PAYLOAD.hex)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "search"),
    [
        (lambda x: jpeg(x, 50), 0),
        (lambda x: jpeg(x, 30), 0),
        (lambda x: webp(x, 50), 0),
        (lambda x: resized(x, 0.5), 0),
        (lambda x: jpeg(resized(x, 0.5), 50), 0),
        (lambda x: cropped(x, 0.75), 0),
        (lambda x: jpeg(cropped(x, 0.75), 75), 0),
        (lambda x: resized(cropped(x, 0.75), 1 / 0.75), 1),
        (lambda x: np.ascontiguousarray(x[:, ::-1]), 1),
        (lambda x: np.ascontiguousarray(resized(cropped(x, 0.8), 0.9)[:, ::-1]), 1),
        (lambda x: avif(x, 50), 0),
        (lambda x: cv2.medianBlur(x, 3), 0),
        (lambda x: turned(x, 10), 1),
        (lambda x: turned(np.ascontiguousarray(x[:, ::-1]), -7), 1),
        (lambda x: cv2.resize(x, (563, 512), interpolation=cv2.INTER_CUBIC), 1),
        (lambda x: jpeg(cv2.resize(x, (512, 461), interpolation=cv2.INTER_AREA), 75), 1),
    ],
    ids=[
        "jpeg 50",
        "jpeg 30",
        "webp 50",
        "half size",
        "half size, jpeg 50",
        "crop 0.75",
        "crop 0.75, jpeg 75",
        "crop 0.75, back to size",
        "mirrored",
        "crop 0.8, resized, mirrored",
        "avif 50",
        "median 3",
        "turned 10 degrees",
        "mirrored, turned -7 degrees",
        "wider by 10 %",
        "lower by 10 %, jpeg 75",
    ],
)
def test_a_512_pixel_portrait_survives(large_picture, key, harm, search):
    marked = mark(large_picture, PAYLOAD, key)
    reading = read_mark(harm(marked), key, search=search)
    assert (reading.id, reading.kind) == (PAYLOAD.hex, PAYLOAD.kind)
    assert reading.p_value <= 1e-6


@pytest.mark.parametrize("crf", [18, 23, 28])
def test_a_256_pixel_clip_survives_h264(clip, key, tmp_path, crf):
    path = tmp_path / "clip.mp4"
    encode_clip(mark(clip, PAYLOAD, key), path, 25, crf=crf)
    assert read_mark(read_media(path).frames, key, search=0).id == PAYLOAD.hex


def test_the_later_half_of_a_clip_still_reads(clip, key, tmp_path):
    path = tmp_path / "clip.mp4"
    encode_clip(mark(clip, PAYLOAD, key), path, 25, crf=20)
    assert read_mark(read_media(path).frames[6:], key, search=0).id == PAYLOAD.hex


def test_another_key_marked_on_top_leaves_both_readable(large_picture, key):
    other, second = bytes(reversed(range(32))), Payload(77, PayloadKind.CONTROL)
    both = mark(mark(large_picture, PAYLOAD, key), second, other)
    assert read_mark(both, key, search=0).id == PAYLOAD.hex
    assert read_mark(both, other, search=0).id == second.hex
