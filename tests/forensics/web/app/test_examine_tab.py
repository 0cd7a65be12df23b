"""The Examine tab's answers, without a browser."""

import json

import numpy as np
import pytest

from forensics.corpus import Label
from forensics.web.app.credential_tree import MOST_NODES, tree_of
from forensics.web.app.examine_tab import MOST_FILES, ExamineTab
from watermark import Credential, CredentialState, encode_still


def forged(corpus, still):
    sample = next(one for one in corpus.where(label=Label.FORGED) if one.is_still is still)
    return corpus.file(sample)


def saved(sessions, tab):
    (offered,) = sessions.of(tab.session_hash).offers.values()
    return json.loads(offered.path.read_text())


def test_a_sealed_forgery_declares_itself_with_reasons_and_a_tree(context, sessions, tab, bar, upload, tiny_corpus):
    path = forged(tiny_corpus, still=True)
    html = ExamineTab(context).examine([upload(path.name, path.read_bytes())], tab, bar)
    assert 'ft-finding">Declared' in html
    assert "says that a machine made" in html
    assert "made by a trained model" in html
    assert "Nothing found is not innocence" in html
    assert str(sessions.folder) not in html
    document = saved(sessions, tab)
    assert [entry["path"] for entry in document["results"]] == [path.name]


def test_a_clip_has_a_timeline(context, sessions, tab, bar, upload, tiny_corpus):
    path = forged(tiny_corpus, still=False)
    html = ExamineTab(context).examine([upload(path.name, path.read_bytes())], tab, bar)
    assert 'class="facetrail-timeline"' in html
    assert saved(sessions, tab)["results"][0]["timeline"] is not None


def test_a_file_that_cannot_be_read_does_not_stop_the_others(context, sessions, tab, bar, upload, tmp_path):
    encode_still(np.full((256, 256, 3), 127, np.uint8), tmp_path / "grey.png")
    paths = [upload("broken.png", b"no picture"), upload("grey.png", (tmp_path / "grey.png").read_bytes())]
    html = ExamineTab(context).examine(paths, tab, bar)
    assert html.count("<article") == 2
    assert "Not examined" in html
    assert str(sessions.uploads) not in html
    first, second = saved(sessions, tab)["results"]
    assert first["error"]["path"] == "broken.png"
    assert str(sessions.uploads) not in first["error"]["message"]
    assert second["path"] == "grey.png"


def test_a_name_cannot_become_a_part_of_the_page(context, sessions, tab, bar, upload):
    name = '<img src=x onerror="alert(1)">${alert(1)}{{7*7}}.png'
    html = ExamineTab(context).examine([upload(name, b"no picture")], tab, bar)
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert "${alert(1)}{{7*7}}" in html


def test_nothing_and_too_much_are_said(context, tab, bar):
    assert "choose a file first" in ExamineTab(context).examine(None, tab, bar)
    assert "at most" in ExamineTab(context).examine(["x"] * (MOST_FILES + 1), tab, bar)


def test_a_foreign_path_is_not_examined(context, tab, bar):
    assert "passwd: the upload is gone" in ExamineTab(context).examine(["/etc/passwd"], tab, bar)


class TestTree:
    @staticmethod
    def tree(report):
        return tree_of(Credential(CredentialState.TRUSTED, manifest_json=json.dumps(report)))

    @staticmethod
    def count(node):
        return 1 + sum(TestTree.count(child) for child in node.children)

    def test_ten_thousand_ingredients_are_cut(self):
        ingredients = [{"title": f"part {number}", "relationship": "componentOf"} for number in range(10_000)]
        tree = self.tree({"active_manifest": "a", "manifests": {"a": {"ingredients": ingredients}}})
        assert MOST_NODES < self.count(tree) < MOST_NODES + 20

    def test_manifests_that_name_each_other_end(self):
        def manifest(other):
            return {"title": other, "ingredients": [{"title": other, "active_manifest": other}]}

        tree = self.tree({"active_manifest": "a", "manifests": {"a": manifest("b"), "b": manifest("a")}})
        assert self.count(tree) < 30

    @pytest.mark.parametrize(
        "report",
        [
            [],
            {"manifests": 3},
            {"active_manifest": ["a"], "manifests": {"a": 1}},
            {"active_manifest": "a", "manifests": {"a": {"assertions": [1, {"label": "c2pa.actions", "data": []}]}}},
            {"active_manifest": "a", "manifests": {"a": {"ingredients": {"b": 1}, "signature_info": "x"}}},
        ],
    )
    def test_what_is_not_well_formed_is_left_out(self, report):
        assert self.tree(report).label == "Credential"

    def test_an_ingredient_shows_what_it_says_itself(self):
        inner = {"title": "painting", "signature_info": {"common_name": "Painter"}}
        outer = {"ingredients": [{"title": "source.png", "relationship": "inputTo", "active_manifest": "b"}]}
        tree = self.tree({"active_manifest": "a", "manifests": {"a": outer, "b": inner}})
        ingredients = next(node for node in tree.children if node.label == "Ingredients")
        (source,) = ingredients.children
        assert (source.label, source.text) == ("source.png", "a model was given this file")
        assert ("Signer", "Painter") in [(node.label, node.text) for node in source.children]
