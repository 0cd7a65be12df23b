"""The format of a copy follows the content of its source, and the coding follows what a clip holds."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from watermark import CLIP_SUFFIXES, MediaError, encode_clip, holds_alpha, holds_sound, written_suffix
from watermark.media.clip_formats import CLIP_FORMATS
from watermark.media.encoding import ClipEncoder


@pytest.mark.parametrize("suffix", CLIP_SUFFIXES)
def test_a_copy_of_a_clip_has_its_own_format_where_that_holds_the_credential(tmp_path, clip, suffix):
    encode_clip(clip[:3], tmp_path / f"a{suffix}", 25)
    (tmp_path / f"a{suffix}").rename(tmp_path / "a")
    expected = {".mov": ".mp4", ".webm": ".mp4"}.get(suffix, suffix)
    assert written_suffix(tmp_path / "a") == expected


@pytest.mark.parametrize(
    ("suffix", "expected"), [(".jpg", ".jpg"), (".tif", ".tif"), (".webp", ".webp"), (".gif", ".png")]
)
def test_a_copy_of_a_still_has_its_own_format_or_png(tmp_path, clip, suffix, expected):
    Image.fromarray(clip[0]).save(tmp_path / f"a{suffix}")
    assert written_suffix(tmp_path / f"a{suffix}") == expected


def test_a_file_that_is_not_decoded_has_no_such_format(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    with pytest.raises(MediaError, match=r"a\.pdf: is PDF"):
        written_suffix(tmp_path / "a.pdf")


@pytest.mark.parametrize(("transparent", "codec"), [(False, "h264"), (True, "prores")])
def test_only_a_transparent_mov_is_prores(tmp_path, clip, transparent, codec):
    with ClipEncoder(tmp_path / "a.mov", 25, 256, 256, transparent=transparent) as encoder:
        encoder.write(clip[:2], np.full((2, 256, 256), 128, np.uint8) if transparent else None)
    with av.open(str(tmp_path / "a.mov")) as file:
        assert file.streams.video[0].codec_context.name == codec


def test_the_rate_factor_is_followed_by_webm(tmp_path, clip):
    for crf in (10, 40):
        encode_clip(clip, tmp_path / f"{crf}.webm", 25, crf=crf)
    assert (tmp_path / "10.webm").stat().st_size > 2 * (tmp_path / "40.webm").stat().st_size


def test_the_table_says_what_a_format_holds(tmp_path):
    assert [suffix for suffix in CLIP_SUFFIXES if holds_sound(tmp_path / f"a{suffix}")] == [".mp4", ".mov", ".webm"]
    assert [one for one in CLIP_SUFFIXES if holds_alpha(tmp_path / f"a{one}", moving=True)] == [
        ".mov",
        ".webm",
        ".webp",
    ]
    assert [one for one in CLIP_FORMATS if not CLIP_FORMATS[one].container.holds_credential] == [".webm"]
