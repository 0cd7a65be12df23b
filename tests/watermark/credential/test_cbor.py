"""Test the CBOR decoder with the examples of RFC 8949, appendix A."""

from __future__ import annotations

import pytest

from watermark.credential.cbor import decode


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1b000000e8d4a51000", 1000000000000),
        ("20", -1),
        ("3903e7", -1000),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("c11a514b67b0", 1363896240),
    ],
)
def test_the_examples_of_the_standard_decode(data, value):
    assert decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data", ["", "19", "4401", "8301", "0000", "5fff", "f93c00", "61ff", "81" * 5000 + "00", "c1" * 5000]
)
def test_what_is_cut_off_or_not_of_this_part_is_refused(data):
    with pytest.raises(ValueError):
        decode(bytes.fromhex(data))
