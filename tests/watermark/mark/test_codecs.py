"""Codecs behind one protocol; the learned ones run on small made models with the published interfaces."""

import numpy as np
import pytest
import torch

from watermark import MediaError, TooSmallError, WatermarkError
from watermark.mark.codecs import PixelSealCodec, TileCodec, TrustMarkCodec, VideoSealCodec, WatermarkAnythingCodec

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


class Columns(torch.nn.Module):
    """Writes each bit into a column of pixels and reads it there; `local` answers per pixel, with a mask."""

    def __init__(self, bits: int, local: bool):
        super().__init__()
        self.bits, self.local = bits, local

    @torch.jit.export
    def embed(self, imgs: torch.Tensor, msgs: torch.Tensor) -> torch.Tensor:
        out = imgs.clone()
        out[:, :, :, : self.bits] = msgs[:, None, None, :] * 0.2 + 0.4
        return out

    @torch.jit.export
    def detect(self, imgs: torch.Tensor) -> torch.Tensor:
        bits = imgs[:, :, :, : self.bits].mean(1).mean(1) - 0.5
        seen = bits.abs().amin(1, keepdim=True) - 0.05
        logits = torch.cat([seen, bits], 1)
        if self.local:
            return logits[:, :, None, None].expand(-1, -1, imgs.shape[2], imgs.shape[3])
        return logits


class Writer(torch.nn.Module):
    def forward(self, imgs: torch.Tensor, msgs: torch.Tensor) -> torch.Tensor:
        out = imgs.clone()
        out[:, :, :, 4:204] = (msgs * 0.4 - 0.2).repeat_interleave(2, 1)[:, None, None, :]
        return out


class Finder(torch.nn.Module):
    def forward(self, imgs: torch.Tensor) -> torch.Tensor:
        return imgs[:, :, :, 4:204].mean(1).mean(1).reshape(-1, 100, 2).mean(2)


def saved(module, path):
    torch.jit.script(module).save(str(path))
    return path


@pytest.fixture
def codecs(tmp_path, key):
    seal = saved(Columns(256, False), tmp_path / "seal.jit")
    return {
        "tile": TileCodec(key),
        "videoseal": VideoSealCodec(seal),
        "pixelseal": PixelSealCodec(seal),
        "wam": WatermarkAnythingCodec(saved(Columns(32, True), tmp_path / "wam.jit")),
        "trustmark": TrustMarkCodec(saved(Writer(), tmp_path / "e.jit"), saved(Finder(), tmp_path / "d.jit")),
    }


@pytest.mark.parametrize("name", ["tile", "videoseal", "pixelseal", "wam", "trustmark"])
def test_every_codec_reads_what_it_embeds_and_refuses_what_does_not_fit(codecs, large_picture, name):
    codec = codecs[name]
    before = large_picture.copy()
    message = np.random.default_rng(3).integers(0, 2, codec.capacity, dtype=np.uint8)
    marked = codec.embed(large_picture, message)
    assert marked.shape == large_picture.shape
    assert marked.dtype == np.uint8
    assert np.array_equal(large_picture, before)
    assert np.array_equal(codec.read(marked).message, message)
    with pytest.raises(WatermarkError, match=f"expected {codec.capacity} zeros and ones"):
        codec.embed(large_picture, message[:-1])
    with pytest.raises(WatermarkError, match="zeros and ones"):
        codec.embed(large_picture, message + np.uint8(2))
    with pytest.raises(TooSmallError, match=f"at least {codec.smallest_side} pixels"):
        codec.embed(large_picture[: codec.smallest_side - 1], message)
    with pytest.raises(MediaError, match="expected uint8 RGB"):
        codec.embed(large_picture.astype(np.float32), message)


def test_only_codecs_that_can_tell_call_a_picture_unmarked(codecs, large_picture):
    tile = codecs["tile"].read(large_picture)
    assert tile.message is None
    assert tile.p_value > 1e-6
    assert codecs["wam"].read(np.full((64, 64, 3), 128, np.uint8)).message is None
    assert codecs["videoseal"].read(large_picture).p_value is None


@pytest.mark.parametrize("codec", [VideoSealCodec, PixelSealCodec, WatermarkAnythingCodec])
def test_missing_or_wrong_weights_are_named_with_a_way_out(tmp_path, codec):
    with pytest.raises(WatermarkError, match=r"absent\.jit: .* needs its weights .* give the path"):
        codec(tmp_path / "absent.jit")
    (tmp_path / "text.jit").write_text("no model")
    with pytest.raises(WatermarkError, match=r"text\.jit: is no TorchScript file"):
        codec(tmp_path / "text.jit")
    with pytest.raises(WatermarkError, match=r"finder\.jit: lacks embed and detect"):
        codec(saved(Finder(), tmp_path / "finder.jit"))


def test_a_model_of_another_codec_is_refused_when_used(tmp_path, large_picture):
    short = VideoSealCodec(saved(Columns(32, False), tmp_path / "short.jit"))
    with pytest.raises(WatermarkError, match="is it the file of this codec"):
        short.read(large_picture)
    with pytest.raises(WatermarkError, match="is it the file of this codec"):
        short.embed(large_picture, np.zeros(256, np.uint8))
