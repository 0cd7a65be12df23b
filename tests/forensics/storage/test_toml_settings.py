from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from forensics.errors import InputError
from forensics.storage.toml_settings import overlay


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    names: tuple[str, ...] = ()
    limit: float | None = None
    code: int = 0


@dataclass(frozen=True)
class Run:
    steps: int = 3
    rate: float = 0.5
    colour: Colour = Colour.RED
    weights: bool | Path = False
    inner: Inner = field(default_factory=Inner)


def test_keys_of_a_file_are_laid_over_the_defaults(tmp_path):
    (tmp_path / "run.toml").write_text("steps = 7\nrate = 1\n")
    assert overlay(tmp_path / "run.toml", Run()) == Run(7, 1)


def test_tables_lists_enumerations_and_paths_are_read_as_the_fields_want_them(tmp_path):
    (tmp_path / "run.toml").write_text(
        "colour = 'blue'\nweights = 'folder/file'\n[inner]\nnames = ['a', 'b']\nlimit = 2.5\n"
    )
    assert overlay(tmp_path / "run.toml", Run(inner=Inner(code=4))) == Run(
        colour=Colour.BLUE, weights=tmp_path / "folder/file", inner=Inner(("a", "b"), 2.5, 4)
    )
    (tmp_path / "run.toml").write_text("weights = true")
    assert overlay(tmp_path / "run.toml", Run()).weights is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step = 7", "did you mean steps"),
        ("inner.nam = []", "unknown 'nam'; did you mean names?"),
        ("zzz = 7", "did you mean steps or rate or colour or weights or inner?"),
        ("steps = 'x'", "expected int"),
        ("steps = true", "expected int"),
        ("steps = 1.5", "steps is 1.5, expected int"),
        ("rate = 'high'", "rate is 'high', expected float"),
        ("colour = 'rad'", "unknown 'rad'; did you mean red?"),
        ("colour = 1", "colour is 1, expected 'red' or 'blue'"),
        ("weights = 1", "weights is 1, expected bool or Path"),
        ("inner = 'x'", "inner is 'x', expected a table"),
        ("inner.names = 'x'", "inner.names is 'x', expected a list of str"),
        ("inner.names = ['x', 1]", "inner.names is .*, expected a list of str"),
        ("inner.limit = 'x'", "inner.limit is 'x', expected float"),
        ("inner.code = 1", "unknown 'code'"),
        ("=", "is no TOML"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(InputError, match=f"run.toml.*{message}"):
        overlay(tmp_path / "run.toml", Run(), fixed=("inner.code",))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        overlay(tmp_path / "absent.toml", Run())
    assert caught.value.filename == str(tmp_path / "absent.toml")
