from dataclasses import dataclass

import pytest

from forensics.errors import InputError
from forensics.storage.toml_settings import overlay


@dataclass(frozen=True)
class Run:
    steps: int = 3
    rate: float = 0.5


def test_keys_of_a_file_are_laid_over_the_defaults(tmp_path):
    (tmp_path / "run.toml").write_text("steps = 7\nrate = 1\n")
    assert overlay(tmp_path / "run.toml", Run()) == Run(7, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step = 7", "did you mean steps"),
        ("steps = 'x'", "expected int"),
        ("steps = true", "expected int"),
        ("=", "is no TOML"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(InputError, match=f"run.toml.*{message}"):
        overlay(tmp_path / "run.toml", Run())
