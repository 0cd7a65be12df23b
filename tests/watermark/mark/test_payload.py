from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watermark import Payload, PayloadKind
from watermark.mark.payload import CHECK_BITS, PAYLOAD_BITS, frame_payload, unframe_payload

KEY = bytes(range(32))
payloads = st.builds(Payload, st.integers(0, 2**48 - 1), st.sampled_from(PayloadKind))


@given(payloads)
def test_a_payload_is_read_back_with_its_kind(payload):
    assert unframe_payload(frame_payload(payload, KEY), KEY) == payload


@given(payloads, st.integers(PAYLOAD_BITS - CHECK_BITS, PAYLOAD_BITS - 1))
def test_one_wrong_bit_of_the_check_fails_it(payload, position):
    bits = frame_payload(payload, KEY)
    bits[position] ^= 1
    assert unframe_payload(bits, KEY) is None


def test_a_wrong_id_another_key_or_noise_passes_as_rarely_as_two_checks_of_16_bits_allow():
    """Of the 15 000 frames 0.46 are expected to pass."""
    rng = np.random.default_rng(0)
    passed = sum(unframe_payload(bits, KEY) is not None for bits in rng.integers(0, 2, (5_000, PAYLOAD_BITS), np.uint8))
    for _ in range(5_000):
        bits = frame_payload(Payload.random(rng, PayloadKind.CONTROL), KEY)
        passed += unframe_payload(bits, KEY[::-1]) is not None
        bits[rng.integers(PAYLOAD_BITS - CHECK_BITS)] ^= 1
        passed += unframe_payload(bits, KEY) is not None
    assert passed <= 4


def test_hex_has_twelve_digits_and_draws_are_reproducible():
    assert Payload(10, PayloadKind.CONTROL).hex == "00000000000a"
    draws = [Payload.random(np.random.default_rng(5), PayloadKind.GENERATED) for _ in range(2)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize("identifier", [-1, 2**48])
def test_an_id_outside_48_bits_is_refused(identifier):
    with pytest.raises(ValueError, match="outside"):
        Payload(identifier, PayloadKind.GENERATED)
