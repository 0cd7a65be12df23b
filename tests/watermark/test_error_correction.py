import numpy as np
import pytest

from watermark.error_correction import CODE_BITS, CORRECTABLE, MESSAGE_BITS, decode, encode, generator_polynomial


def words(rng, count):
    return rng.integers(0, 2, (count, MESSAGE_BITS), dtype=np.uint8)


def power_of_alpha(exponent):
    """alpha^exponent in GF(128) by repeated doubling modulo x^7 + x^3 + 1."""
    value = 1
    for _ in range(exponent % 127):
        value = value << 1 ^ (0b10001001 if value & 64 else 0)
    return value


def test_every_required_root_is_a_root_of_the_generator():
    generator = generator_polynomial()
    for power in range(1, 2 * CORRECTABLE + 1):
        terms = [power_of_alpha(power * i) for i in range(generator.bit_length()) if generator >> i & 1]
        assert np.bitwise_xor.reduce(terms) == 0
    assert generator.bit_length() - 1 == CODE_BITS - MESSAGE_BITS


def test_powers_that_are_not_required_are_no_roots_everywhere():
    generator = generator_polynomial()
    values = [
        np.bitwise_xor.reduce([power_of_alpha(power * i) for i in range(64) if generator >> i & 1])
        for power in range(127)
    ]
    assert sum(value == 0 for value in values) == CODE_BITS - MESSAGE_BITS


def test_code_words_differ_in_at_least_21_places():
    rng = np.random.default_rng(0)
    singles = [encode(row) for row in np.eye(MESSAGE_BITS, dtype=np.uint8)]
    sums = [a ^ b for i, a in enumerate(singles) for b in singles[:i]]
    randoms = [encode(word) for word in words(rng, 2000) if word.any()]
    assert min(int(word.sum()) for word in [*singles, *sums, *randoms]) >= 2 * CORRECTABLE + 1


def test_the_message_is_the_beginning_of_its_code_word_and_coding_is_linear():
    a, b = words(np.random.default_rng(1), 2)
    assert np.array_equal(encode(a)[:MESSAGE_BITS], a)
    assert np.array_equal(encode(a) ^ encode(b), encode(a ^ b))


def test_ten_errors_anywhere_are_corrected():
    rng = np.random.default_rng(2)
    for message in words(rng, 60):
        soft = np.where(encode(message) == 1, 1.0, -1.0) * rng.uniform(0.9, 1.1, CODE_BITS)
        flipped = rng.choice(CODE_BITS, CORRECTABLE, replace=False)
        soft[flipped] *= -0.5
        assert np.array_equal(decode(soft), message)


@pytest.mark.parametrize(("noise", "least"), [(0.75, 0.93), (0.85, 0.75)])
def test_soft_values_are_decoded_far_beyond_ten_errors(noise, least):
    rng = np.random.default_rng(3)
    right = beyond = 0
    for message in words(rng, 150):
        soft = np.where(encode(message) == 1, 1.0, -1.0) + rng.normal(0, noise, CODE_BITS)
        beyond += int(((soft > 0) != (encode(message) == 1)).sum()) > CORRECTABLE
        right += np.array_equal(decode(soft), message)
    assert right / 150 >= least
    assert beyond > 50


def test_silence_decodes_to_a_message_without_failing():
    assert decode(np.zeros(CODE_BITS)).shape == (MESSAGE_BITS,)
