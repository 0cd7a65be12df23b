"""The signed card of a report, and the command that makes and checks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.cli.main import main
from forensics.errors import ReportError
from forensics.reporting import Written, verify_report, write_report
from watermark import Deployment, Identity

MakeFolder = Callable[..., Path]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return Deployment.open(tmp_path_factory.mktemp("signer"))


@pytest.fixture
def written(make_folder: MakeFolder, signer: Deployment) -> Written:
    return write_report(make_folder(), signer)


def test_an_untouched_report_verifies_with_everything_beside_it(written: Written, signer: Deployment) -> None:
    found = verify_report(written.page, signer.trust)
    assert f"CN={found.signer}" in signer.identity.subject
    assert found.missing == ()
    names = [digest.name for digest in found.card.files]
    assert names[0] == "report.html"
    assert {"evaluation/run.json", "trail.json", "report/figures/roc.svg", "report/tables/measures.csv"} <= set(names)


def test_one_changed_byte_anywhere_in_the_page_is_refused(written: Written, signer: Deployment) -> None:
    whole = written.page.read_bytes()
    for at in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        written.page.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ReportError, match=r"report\.html: was changed"):
            verify_report(written.page, signer.trust)
    written.page.write_bytes(whole)
    verify_report(written.page, signer.trust)


@pytest.mark.parametrize(
    "name", ["report/tables/measures.csv", "report/figures/roc.svg", "evaluation/after/scores.csv"]
)
def test_one_changed_byte_in_a_file_beside_it_is_refused_by_name(
    written: Written, signer: Deployment, name: str
) -> None:
    path = written.page.parent / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReportError, match=path.name):
        verify_report(written.page, signer.trust)


def test_a_page_sent_alone_with_its_card_verifies_and_says_what_is_missing(
    written: Written, signer: Deployment, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    for path in (written.page, written.card):
        (away / path.name).write_bytes(path.read_bytes())
    found = verify_report(away / "report.html", signer.trust)
    assert len(found.missing) == len(found.card.files) - 1


def test_the_card_of_another_page_is_refused(written: Written, signer: Deployment) -> None:
    other = written.page.with_name("other.html")
    other.write_bytes(written.page.read_bytes())
    other.with_suffix(".card.json").write_bytes(written.card.read_bytes())
    with pytest.raises(ReportError, match=r"not for other\.html"):
        verify_report(other, signer.trust)


def test_a_changed_card_and_a_missing_card_are_refused(written: Written, signer: Deployment) -> None:
    card = json.loads(written.card.read_text())
    card["payload"] = card["payload"][:-4] + "AAAA"
    written.card.write_text(json.dumps(card))
    with pytest.raises(ReportError, match="changed after it was signed"):
        verify_report(written.page, signer.trust)
    written.card.unlink()
    with pytest.raises(ReportError, match="signed card"):
        verify_report(written.page, signer.trust)


def test_a_card_that_a_stranger_signed_is_refused(written: Written, signer: Deployment, tmp_path: Path) -> None:
    stranger = Identity.create(tmp_path / "stranger")
    with pytest.raises(ReportError, match="--trust"):
        verify_report(written.page, type(signer.trust)(stranger.anchors))


def test_the_command_makes_a_report_and_refuses_it_once_changed(
    make_folder: MakeFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, home, page = make_folder(trail=False), tmp_path / "home", tmp_path / "there" / "page.html"
    assert main(["report", str(folder), "-o", str(page), "--home", str(home), "--json"]) == 0
    entry = json.loads(capsys.readouterr().out)["results"][0]
    assert entry["path"] == str(page) and Path(entry["card"]).is_file()
    assert (tmp_path / "there" / "page" / "figures" / "roc.svg").is_file()
    assert main(["report", "--verify", str(page), "--home", str(home)]) == 0
    assert "as " in capsys.readouterr().out
    page.write_bytes(page.read_bytes() + b"\n")
    assert main(["report", "--verify", str(page), "--home", str(home)]) == 1
    assert "page.html: was changed" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["folder", "--verify", "page.html"]])
def test_making_and_checking_do_not_go_together(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *arguments]) == 2
    assert "--verify" in capsys.readouterr().err
