"""Trust lists on the command line: added, shown, fetched on request, and refused where they could be exchanged."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import skimage.data

from forensics.cli.main import main
from watermark import Deployment, PayloadKind, encode_still, read_trust_lists, seal_file
from watermark.identity.certificates import issue_chain, pem


def answer(capsys, *arguments, code=0):
    assert main([*map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)["results"]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    encode_still(skimage.data.astronaut()[:256, :256].copy(), folder / "plain.png")
    deployment = Deployment.open(folder / "home")
    seal_file(folder / "plain.png", folder / "sealed.png", PayloadKind.CONTROL, deployment)
    (folder / "roots.pem").write_text(f"Some words\n{deployment.identity.root_pem}")
    return folder


@pytest.fixture
def home(tmp_path):
    return Deployment.open(tmp_path / "home").folder


class _Answers(BaseHTTPRequestHandler):
    def __init__(self, pages, *arguments):
        self.pages = pages
        super().__init__(*arguments)

    def do_GET(self):
        status, content = self.pages[self.path]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", content)
            content = ""
        self.end_headers()
        self.wfile.write(content.encode() if isinstance(content, str) else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def published():
    """Pages of a server on loopback, by path, and its address."""
    pages = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answers, pages))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield pages, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_list_is_added_shown_used_and_removed(stranger, home, capsys):
    at = ("--home", home)
    assert answer(capsys, "trust", "list", *at) == []
    (added,) = answer(capsys, "trust", "add", stranger / "roots.pem", "--purpose", "claim-signing", *at)
    assert (added["name"], added["purpose"], added["url"], len(added["certificates"])) == (
        "roots",
        "claim-signing",
        None,
        1,
    )
    assert answer(capsys, "trust", "list", *at) == [added]
    (read,) = answer(capsys, "read", stranger / "sealed.png", *at)
    identity = Deployment.open(stranger / "home").identity
    found = read["credential"]
    assert (found["state"], found["vouched_by"], found["fingerprint"]) == ("trusted", "roots", identity.fingerprint)
    assert main(["read", str(stranger / "sealed.png"), "--home", str(home)]) == 0
    text = capsys.readouterr().out
    assert "  known by    roots\n" in text
    assert f"  fingerprint {identity.fingerprint}\n" in text
    assert "claim signer" in text
    answer(capsys, "trust", "remove", "roots", *at)
    (read,) = answer(capsys, "read", stranger / "sealed.png", *at)
    assert read["credential"]["state"] == "valid_unknown_signer"


def test_a_list_needs_a_purpose_and_replaces_none_unasked(stranger, home, capsys):
    assert main(["trust", "add", str(stranger / "roots.pem"), "--home", str(home)]) == 2
    arguments = ("trust", "add", stranger / "roots.pem", "--purpose", "claim-signing", "--home", home)
    answer(capsys, *arguments)
    (refused,) = answer(capsys, *arguments, code=1)
    assert "is a trust list already" in refused["error"]["message"]
    answer(capsys, *arguments, "--force")
    (refused,) = answer(capsys, "trust", "remove", "other", "--home", home, code=1)
    assert "is no trust list" in refused["error"]["message"]


def test_a_list_is_fetched_when_asked_and_says_what_changed(stranger, home, published, capsys):
    pages, address = published
    new = issue_chain().root
    roots = (stranger / "roots.pem").read_text()
    pages["/list.pem"] = (302, f"{address}/moved.pem")
    pages["/moved.pem"] = (200, roots + pem(new))
    at = ("--home", home)
    add = ("trust", "add", stranger / "roots.pem", "--purpose", "claim-signing", *at)
    answer(capsys, *add, "--url", f"{address}/list.pem")
    (updated,) = answer(capsys, "trust", "update", *at)
    assert (updated["added"], updated["removed"]) == ([new.subject.rfc4514_string()], [])
    assert len(updated["certificates"]) == 2
    (again,) = answer(capsys, "trust", "update", "roots", *at)
    assert (again["added"], again["removed"]) == ([], [])


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ((404, ""), "cannot be fetched"),
        ((200, "nothing"), "is no PEM certificate"),
        ((200, b"\xff\xfe\x00\xd8"), "something else than text"),
        ((302, "http://example.org/list.pem"), "no https address"),
        ((302, "file:///etc/passwd"), "is not allowed"),
        ((200, pem(issue_chain().leaf)), "no certificate of an authority"),
    ],
)
def test_an_update_that_fails_leaves_the_list_as_it_was(stranger, home, published, capsys, page, said):
    pages, address = published
    pages["/list.pem"] = page
    add = ("trust", "add", stranger / "roots.pem", "--purpose", "claim-signing", "--home", home)
    answer(capsys, *add, "--url", f"{address}/list.pem")
    before = read_trust_lists(home / "trust")
    (refused,) = answer(capsys, "trust", "update", "--home", home, code=1)
    assert said in refused["error"]["message"]
    assert read_trust_lists(home / "trust") == before


def test_an_address_is_https_and_an_update_needs_one(stranger, home, capsys):
    add = ("trust", "add", stranger / "roots.pem", "--purpose", "claim-signing", "--home", home)
    for url in ("http://example.org/list.pem", "file:///etc/passwd", "https://", "http://[::1", "list.pem"):
        (refused,) = answer(capsys, *add, "--url", url, code=1)
        assert "no https address" in refused["error"]["message"] or "is no address" in refused["error"]["message"]
    answer(capsys, *add)
    (refused,) = answer(capsys, "trust", "update", "--home", home, code=1)
    assert "no trust list has an address" in refused["error"]["message"]
    (refused,) = answer(capsys, "trust", "update", "roots", "--home", home, code=1)
    assert "has no address" in refused["error"]["message"]


def test_reading_fetches_nothing(stranger, home, published, capsys):
    """The list's address leads to a server that would fail the request."""
    _, address = published
    add = ("trust", "add", stranger / "roots.pem", "--purpose", "claim-signing", "--home", home)
    answer(capsys, *add, "--url", f"{address}/never-asked")
    (read,) = answer(capsys, "read", stranger / "sealed.png", "--home", home)
    assert read["credential"]["state"] == "trusted"
