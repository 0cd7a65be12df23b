"""Colour profiles of every mode: what is read equals what the profile says, computed from its numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageCms

from watermark import read_media

# Adobe RGB (1998): primaries adapted to D50 as in its ICC profile, gamma 563/256.
_ADOBE_TO_XYZ = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
_XYZ_TO_SRGB = np.linalg.inv(
    np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
)
_GAMMA = 563 / 256


def _tag(kind: bytes, body: bytes) -> bytes:
    content = kind + bytes(4) + body
    return content + bytes(-len(content) % 4)


def _fixed(*values: float) -> bytes:
    return b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in values)


def _profile(space: bytes, name: str) -> bytes:
    """Build an ICC profile (version 2) with one gamma: Adobe RGB's colours, or grey."""
    gamma = _tag(b"curv", (1).to_bytes(4, "big") + round(_GAMMA * 256).to_bytes(2, "big"))
    text = name.encode() + b"\0"
    tags = {
        b"desc": _tag(b"desc", len(text).to_bytes(4, "big") + text + bytes(78)),
        b"cprt": _tag(b"text", b"none\0"),
        b"wtpt": _tag(b"XYZ ", _fixed(0.9642, 1.0, 0.8249)),
    }
    if space == b"GRAY":
        tags[b"kTRC"] = gamma
    else:
        for index, letter in enumerate(b"rgb"):
            tags[bytes([letter]) + b"XYZ"] = _tag(b"XYZ ", _fixed(*_ADOBE_TO_XYZ[:, index]))
            tags[bytes([letter]) + b"TRC"] = gamma
    head, place = len(tags).to_bytes(4, "big"), 128 + 4 + 12 * len(tags)
    body = b""
    for kind, content in tags.items():
        head += kind + (place + len(body)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content
    size = (place + len(body)).to_bytes(4, "big")
    start = size + bytes(4) + b"\x02\x40\0\0" + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(24)
    return start + bytes(4) + _fixed(0.9642, 1.0, 0.8249) + bytes(128 - len(start) - 16) + head + body


def _encoded(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _from_adobe(colours: np.ndarray) -> np.ndarray:
    return _encoded((colours / 255) ** _GAMMA @ (_XYZ_TO_SRGB @ _ADOBE_TO_XYZ).T)


def _from_grey(levels: np.ndarray) -> np.ndarray:
    return np.repeat(_encoded((levels / 255) ** _GAMMA)[..., None], 3, axis=-1)


@pytest.fixture(scope="module")
def colours():
    return skimage.data.astronaut()[:96, :96].copy()


def _read(tmp_path, image, profile, name="a.png", **options):
    image.save(tmp_path / name, icc_profile=profile, **options)
    return read_media(tmp_path / name).frames[0].astype(float)


@pytest.mark.parametrize("name", ["Adobe RGB (1998)", "my sRGB variant"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "RGB one colour clear"])
def test_a_colour_profile_is_applied_whatever_the_mode_and_its_name(tmp_path, colours, mode, name):
    image, options = Image.fromarray(colours), {}
    if mode == "RGBA":
        image.putalpha(255)
    if mode == "P":
        image = image.quantize(64)
    if mode == "RGB one colour clear":
        options = {"transparency": (1, 255, 3)}
    wanted = _from_adobe(np.asarray(image.convert("RGB")).astype(float))
    got = _read(tmp_path, image, _profile(b"RGB ", name), **options)
    assert np.abs(got - wanted).mean() < 1
    assert np.abs(np.asarray(image.convert("RGB")) - wanted).mean() > 2  # what ignoring the profile would give


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_is_applied(tmp_path, colours, mode):
    levels = colours[..., 0]
    image = Image.fromarray(levels.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(levels).convert(mode)
    got = _read(tmp_path, image, _profile(b"GRAY", "grey, gamma 2.2"))
    assert np.abs(got - _from_grey(levels.astype(float))).max() <= 2


def test_colours_are_converted_before_they_are_laid_over_white(tmp_path, colours):
    image = Image.fromarray(colours)
    image.putalpha(128)
    wanted = _from_adobe(colours.astype(float)) * (128 / 255) + 255 * (127 / 255)
    got = _read(tmp_path, image, _profile(b"RGB ", "Adobe RGB (1998)"))
    assert np.abs(got - wanted).mean() < 1


def test_a_profile_of_srgb_under_any_name_changes_no_pixel(tmp_path, colours):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    at = profile.index(b"s\0R\0G\0B") if b"s\0R\0G\0B" in profile else profile.index(b"sRGB")
    renamed = profile[:at] + profile[at:].replace(b"s\0R\0G\0B", b"o\0w\0n\0!", 1)
    for one in (profile, renamed):
        assert np.array_equal(_read(tmp_path, Image.fromarray(colours), one), colours)


def test_a_damaged_profile_or_one_of_another_space_counts_as_srgb(tmp_path, colours):
    image = Image.fromarray(colours)
    for profile in (b"no profile", _profile(b"GRAY", "grey"), _profile(b"RGB ", "cut")[:200]):
        assert np.array_equal(_read(tmp_path, image, profile), colours)


def test_a_transparent_grey_picture_of_16_bits_is_laid_over_white(tmp_path):
    levels = np.full((32, 32), 1000, np.uint16)
    levels[:16] = 30000
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", transparency=1000)
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    got = read_media(tmp_path / "a.png").frames[0]
    assert got[:16].max() == got[:16].min() == 117
    assert got[16:].min() == 255
