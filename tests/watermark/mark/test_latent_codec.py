"""An id in noise: plain Gaussian noise to whoever lacks the key, an id to whoever has it."""

import numpy as np
import pytest
from scipy import stats

from watermark import WatermarkError
from watermark.mark.codecs import LatentCodec

SHAPE = (4, 64, 64)
ID = 0x0123456789AB


def keys(count):
    return [number.to_bytes(32, "big") for number in range(count)]


def noise_like_a_models(seed, shape=SHAPE):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_the_id_comes_back(key):
    reading = LatentCodec(key, SHAPE).read(LatentCodec(key, SHAPE).noise(ID, np.random.default_rng(0)))
    assert reading.id == f"{ID:012x}"
    assert reading.p_value < 1e-300
    votes = 48 * (4 * 64 * 64 // 48)
    assert reading.z == pytest.approx(votes**0.5)


@pytest.mark.parametrize("identifier", [0, ID, 2**48 - 1])
def test_the_noise_is_standard_normal_whatever_the_id(identifier):
    rng = np.random.default_rng(identifier % 97)
    drawn = np.concatenate([LatentCodec(key, SHAPE).noise(identifier, rng).ravel() for key in keys(6)])
    assert stats.kstest(drawn, "norm").pvalue > 0.01
    assert np.isfinite(drawn).all()
    assert abs(drawn[:-1] * drawn[1:]).mean() == pytest.approx(2 / np.pi, abs=0.02)
    assert np.mean(drawn[:-1] * drawn[1:]) == pytest.approx(0, abs=0.01)


def test_signs_follow_no_pattern_of_the_repeated_bits(key):
    """Without the stream, cells 48 apart would agree; in the noise they agree as often as fair coins do."""
    signs = LatentCodec(key, SHAPE).noise(ID, np.random.default_rng(0)).ravel() > 0
    for lag in (1, 48, 64, 96, 4096):
        agreeing = int((signs[lag:] == signs[:-lag]).sum())
        assert stats.binomtest(agreeing, len(signs) - lag).pvalue > 1e-4


def test_another_key_or_nonce_reads_nothing(key):
    noise = LatentCodec(key, SHAPE, nonce=b"one").noise(ID, np.random.default_rng(0))
    assert LatentCodec(key, SHAPE, nonce=b"one").read(noise).p_value < 1e-300
    others = [
        LatentCodec(key, SHAPE),
        LatentCodec(key, SHAPE, nonce=b"two"),
        LatentCodec(bytes(32), SHAPE, nonce=b"one"),
    ]
    assert min(other.read(noise).p_value for other in others) > 1e-3


@pytest.mark.parametrize("shape", [SHAPE, (4, 16, 16)])
def test_noise_without_an_id_reads_none_under_many_keys(shape):
    noise = noise_like_a_models(5, shape)
    readings = [LatentCodec(key, shape).read(noise) for key in keys(1000)]
    assert min(reading.p_value for reading in readings) > 1e-6
    assert np.mean([reading.z for reading in readings]) == pytest.approx((96 / np.pi) ** 0.5, abs=0.2)


def test_the_p_value_bounds_how_often_noise_reads_as_strongly():
    """With as few cells as bits the bound is loose and with many it is tight; it is never below the measured share."""
    shape = (3, 16, 16)
    values = np.array([LatentCodec(key, shape).read(noise_like_a_models(9, shape)).p_value for key in keys(3000)])
    for level in (1.0, 0.5, 0.1, 0.01):
        assert (values <= level).mean() <= level + 3 * (level / 3000) ** 0.5


@pytest.mark.parametrize(("share", "readable"), [(0.1, True), (0.3, True), (0.5, False)])
def test_the_vote_bears_many_wrong_signs_and_the_p_value_tells_when_it_does_not(key, share, readable):
    rng = np.random.default_rng(2)
    noise = LatentCodec(key, SHAPE).noise(ID, rng)
    reading = LatentCodec(key, SHAPE).read(np.where(rng.random(SHAPE) < share, -noise, noise))
    assert (reading.id == f"{ID:012x}") is readable
    assert (reading.p_value < 1e-6) is readable


def test_noise_that_does_not_fit_is_refused(key):
    with pytest.raises(WatermarkError, match="has 27 cells, too few for 48 bits"):
        LatentCodec(key, (3, 3, 3))
    with pytest.raises(WatermarkError, match=r"shape \(4, 8, 8\) does not fit a codec for \(4, 64, 64\)"):
        LatentCodec(key, SHAPE).read(noise_like_a_models(0, (4, 8, 8)))
