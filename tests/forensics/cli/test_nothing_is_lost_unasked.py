"""No command replaces a file unasked, signs where no identity is meant, or stops reading for its own certificate."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from watermark import Deployment, Identity, encode_still
from watermark.identity import certificates

Facetrail = Callable[..., tuple[int, str, str]]


@pytest.fixture
def picture(tmp_path: Path, avatar_still: np.ndarray) -> Path:
    encode_still(avatar_still, tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.slow
def test_a_file_that_is_there_is_replaced_only_where_asked(
    facetrail: Facetrail, picture: Path, tmp_path: Path, deployment: Deployment
) -> None:
    out, home = tmp_path / "out.png", ("--home", deployment.folder)
    for name in (picture, out):
        before = name.read_bytes() if name.exists() else None
        code, _, error = facetrail("seal", picture, "-o", name, "--kind", "generated", *home)
        assert code == (1 if before else 0)
        if before is not None:
            assert f"{name}: is there already; choose another name, or replace it with --force" in error
            assert name.read_bytes() == before
    sealed = out.read_bytes()
    code, _, error = facetrail("seal", picture, "-o", out, "--kind", "generated", *home)
    assert (code, out.read_bytes()) == (1, sealed)
    code, _, _ = facetrail("seal", picture, "-o", out, "--kind", "generated", "--force", *home)
    assert code == 0
    assert out.read_bytes() != sealed


@pytest.mark.parametrize("command", ["track", "animate", "identity export-anchors"])
def test_every_command_that_writes_one_file_refuses_to_replace_one(
    facetrail: Facetrail, picture: Path, deployment: Deployment, command: str
) -> None:
    before = picture.read_bytes()
    home = ("--home", deployment.folder)
    arguments = {"track": (picture,), "animate": (picture, picture, *home), "identity export-anchors": home}[command]
    code, _, error = facetrail(*command.split(), *arguments, "-o", picture)
    assert code == 1
    assert f"{picture}: is there already" in error
    assert picture.read_bytes() == before


@pytest.mark.parametrize("command", ["read", "seal"])
def test_a_mistyped_home_is_refused_where_an_identity_is_required(
    facetrail: Facetrail, picture: Path, tmp_path: Path, command: str
) -> None:
    home = tmp_path / "mistyped"
    out = ("-o", tmp_path / "b.png") if command == "seal" else ()
    code, _, error = facetrail(command, picture, *out, "--home", home, "--require-identity")
    assert code == 1
    assert f"{home}: holds no identity; make one with `facetrail identity new`" in error
    assert not home.exists()


@pytest.mark.slow
def test_files_are_read_with_a_certificate_out_of_date_and_a_renewed_one_signs(
    facetrail: Facetrail,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    home, shift = tmp_path / "home", dt.timedelta(days=-365 * 6)
    home.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        clock = SimpleNamespace(now=lambda zone: dt.datetime.now(zone) + shift)
        patch.setattr(certificates, "dt", SimpleNamespace(datetime=clock, timedelta=dt.timedelta, UTC=dt.UTC))
        root = Identity.create(home / "identity").root_pem
    code, _, _ = facetrail("read", picture, "--home", home)
    assert code == 0
    assert "expired on" in caplog.text and "files can be read, and none can be signed" in caplog.text
    code, text, _ = facetrail("doctor", "--home", home)
    assert "run `facetrail identity renew`" in text
    code, _, error = facetrail("seal", picture, "-o", tmp_path / "b.png", "--kind", "generated", "--home", home)
    assert code == 1
    assert "run `facetrail identity renew`" in error
    assert not (tmp_path / "b.png").exists()
    code, out, _ = facetrail("identity", "renew", "--home", home, "--json")
    assert code == 0
    until = dt.datetime.fromisoformat(json.loads(out)["results"][0]["not_after"])
    assert until > dt.datetime.now(dt.UTC) + dt.timedelta(days=365)
    assert Deployment.open(home).identity.root_pem == root
    code, _, _ = facetrail("seal", picture, "-o", tmp_path / "b.png", "--kind", "generated", "--home", home)
    assert code == 0
