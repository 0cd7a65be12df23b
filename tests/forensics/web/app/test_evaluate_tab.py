"""The Evaluate tab's answers, without a browser: nothing but what was named at the start can be reached."""

import pytest

from forensics.errors import InputError, UsageError
from forensics.web.app.evaluate_action import corpora_under, earlier, run_command
from forensics.web.app.evaluate_tab import EvaluateTab


@pytest.fixture
def with_corpus(context, tiny_corpus):
    context.corpora = corpora_under([tiny_corpus.root.parent])
    return context


def test_corpora_are_roots_and_folders_directly_inside(tiny_corpus, tmp_path):
    assert corpora_under([tiny_corpus.root]) == {"corpus": tiny_corpus.root.resolve()}
    assert corpora_under([tiny_corpus.root.parent]) == {"corpus": tiny_corpus.root.resolve()}
    with pytest.raises(InputError, match="holds no corpus"):
        corpora_under([tmp_path])
    with pytest.raises(InputError, match="is no folder"):
        corpora_under([tmp_path / "absent"])


def test_an_evaluation_is_measured_kept_and_shown(with_corpus, sessions, tab, bar):
    html = EvaluateTab(with_corpus).evaluate("corpus", ["cpu"], 0.0, tab, bar)
    (name,) = earlier(with_corpus.results)
    assert name.startswith("corpus-")
    assert "auc/video" in html
    assert 'sandbox="allow-scripts allow-downloads"' in html
    (offered,) = sessions.of(tab.session_hash).offers.values()
    assert offered.path == with_corpus.results / name / "report.html"
    assert "<title>" in offered.path.read_text()
    again = EvaluateTab(with_corpus).reopen(name, tab)
    assert "<iframe" in again
    assert EvaluateTab(with_corpus).refresh()["value"] == name


@pytest.mark.parametrize("corpus", ["", "/etc", "../corpus", "unknown"])
def test_only_a_listed_corpus_is_read(corpus, with_corpus, tab, bar):
    assert "choose one of the corpora" in EvaluateTab(with_corpus).evaluate(corpus, ["cpu"], 0.0, tab, bar)
    assert earlier(with_corpus.results) == ()


@pytest.mark.parametrize("detectors", [[], None, ["/etc"], ["cpu", "../weights"]])
def test_only_listed_detectors_are_loaded(detectors, with_corpus, tab, bar):
    assert "at least one of the detectors" in EvaluateTab(with_corpus).evaluate("corpus", detectors, 0.0, tab, bar)


@pytest.mark.parametrize("name", ["..", "../..", "/etc", "unknown"])
def test_only_a_kept_evaluation_is_shown(name, with_corpus, tab):
    with_corpus.results.mkdir()
    assert "this evaluation is gone" in EvaluateTab(with_corpus).reopen(name, tab)


def test_a_seed_out_of_range_is_said(with_corpus, tab, bar):
    assert "whole number" in EvaluateTab(with_corpus).evaluate("corpus", ["cpu"], -1.0, tab, bar)


def test_a_command_complains_to_the_page_and_not_to_the_terminal(capsys):
    with pytest.raises(UsageError, match="unrecognized arguments"):
        run_command("evaluate", ["corpus", "--no-such-option"])
    assert capsys.readouterr().err == ""
