from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest

from forensics.storage.json_records import read_record


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    name: str


@dataclass(frozen=True)
class Outer:
    number: float
    count: int
    flag: bool
    colour: Colour
    inner: Inner | None
    many: tuple[Inner, ...]
    pair: tuple[str, int]


GOOD = {
    "number": 1,
    "count": 2,
    "flag": True,
    "colour": "red",
    "inner": None,
    "many": [{"name": "a"}],
    "pair": ["x", 3],
}


def test_nested_records_are_built_with_their_types() -> None:
    built = read_record(Outer, GOOD)
    assert built == Outer(1.0, 2, True, Colour.RED, None, (Inner("a"),), ("x", 3))
    assert isinstance(built.number, float)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"number": "1"}, r"document\.number"),
        ({"number": True}, r"document\.number"),
        ({"number": float("nan")}, r"document\.number"),
        ({"count": 2.0}, r"document\.count"),
        ({"count": True}, r"document\.count"),
        ({"flag": 1}, r"document\.flag"),
        ({"colour": "blue"}, r"document\.colour"),
        ({"inner": {}}, r"document\.inner"),
        ({"many": [{"name": 1}]}, r"document\.many\[0\]\.name"),
        ({"many": "a"}, r"document\.many"),
        ({"pair": ["x"]}, r"document\.pair"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_value_of_another_shape_is_refused_by_place(change: dict[str, object], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        read_record(Outer, GOOD | change)


def test_a_missing_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="flag"):
        read_record(Outer, {name: value for name, value in GOOD.items() if name != "flag"})
