"""Draw the few avatars that the tests of training share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.training import open_avatars
from generator.training.data import avatar_scenes, avatar_shelf
from generator.training.data import data as training_data

from .training_stand_ins import TrueTracker, mini_settings

_TARGETS = 2


@pytest.fixture(scope="session")
def drawn_avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with the scenes of `mini_settings`, whose parameters are the true ones."""
    cache, tracker = tmp_path_factory.mktemp("avatars"), TrueTracker()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_data, "_TARGETS", _TARGETS)
        patch.setattr(avatar_shelf, "_tracker", lambda: tracker)
        patch.setattr(avatar_scenes, "render", tracker.render)
        open_avatars(mini_settings(), cache, lambda *_: None)
    return cache


@pytest.fixture
def avatar_cache(drawn_avatars: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return that cache, and see that nothing is drawn anew."""
    monkeypatch.setattr(training_data, "_TARGETS", _TARGETS)
    monkeypatch.setattr(avatar_shelf, "_tracker", lambda: pytest.fail("a scene was drawn again"))
    before = sorted(drawn_avatars.rglob("*"))
    yield drawn_avatars
    assert sorted(drawn_avatars.rglob("*")) == before
