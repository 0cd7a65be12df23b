import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watermark import Payload, PayloadKind
from watermark.payload import PAYLOAD_BITS, frame_payload, unframe_payload

payloads = st.builds(Payload, st.integers(0, 2**48 - 1), st.sampled_from(PayloadKind))


@given(payloads)
def test_a_payload_is_read_back_with_its_kind(payload):
    assert unframe_payload(frame_payload(payload)) == payload


@given(payloads, st.integers(0, PAYLOAD_BITS - 1))
def test_one_wrong_bit_fails_the_check(payload, position):
    bits = frame_payload(payload)
    bits[position] ^= 1
    assert unframe_payload(bits) is None


def test_blank_and_full_frames_fail_the_check():
    assert unframe_payload(np.zeros(PAYLOAD_BITS, dtype=np.uint8)) is None
    assert unframe_payload(np.ones(PAYLOAD_BITS, dtype=np.uint8)) is None


def test_random_frames_pass_the_check_as_rarely_as_two_checks_of_16_bits_allow():
    frames = np.random.default_rng(0).integers(0, 2, (5_000, PAYLOAD_BITS), dtype=np.uint8)
    assert sum(unframe_payload(frame) is not None for frame in frames) <= 3


def test_hex_has_twelve_digits_and_draws_are_reproducible():
    assert Payload(10, PayloadKind.CONTROL).hex == "00000000000a"
    draws = [Payload.random(np.random.default_rng(5), PayloadKind.GENERATED) for _ in range(2)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize("identifier", [-1, 2**48])
def test_an_id_outside_48_bits_is_refused(identifier):
    with pytest.raises(ValueError, match="outside"):
        Payload(identifier, PayloadKind.GENERATED)
