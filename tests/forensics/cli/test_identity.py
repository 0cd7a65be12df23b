"""The identity on the command line: made, brought, shown, handed out."""

import json
import shlex
import sys

import pytest
import skimage.data

from forensics.cli.main import main
from watermark import Deployment, PayloadKind, encode_still, seal_file
from watermark.identity.certificates import issue_chain, pem

MODULE = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

key = serialization.load_pem_private_key(Path(__file__).with_name("key.pem").read_bytes(), None)
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))
"""
CHAIN = ["--chain", "chain.pem", "--root", "root.pem"]


def answer(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["results"][0]


@pytest.fixture
def brought(tmp_path):
    """PEM files of a chain that somebody issued."""
    from cryptography.hazmat.primitives import serialization

    made = issue_chain()
    root, issuing, leaf, key = made.root, made.issuing, made.leaf, made.leaf_key
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "chain.pem").write_text(pem(leaf, issuing))
    (tmp_path / "root.pem").write_text(pem(root))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return tmp_path


def test_a_new_identity_is_shown_and_its_anchors_exported(tmp_path, capsys):
    home = tmp_path / "home"
    made = answer(capsys, "identity", "new", "--home", str(home))
    assert (made["key_mode"], made["algorithm"], made["time_stamp"]) == ("0600", "es256", None)
    assert answer(capsys, "identity", "show", "--home", str(home)) == made
    out = tmp_path / "anchors.pem"
    exported = answer(capsys, "identity", "export-anchors", "--home", str(home), "-o", str(out))
    assert exported == {"path": str(out), "anchors": list(Deployment.open(home).identity.anchors)}
    assert out.read_text() == Deployment.open(home).identity.root_pem
    assert main(["identity", "export-anchors", "--home", str(home)]) == 0
    assert capsys.readouterr().out == out.read_text()


def test_the_mark_key_is_rotated_and_no_key_is_ever_shown(tmp_path, capsys):
    home = tmp_path / "home"
    first = answer(capsys, "identity", "new", "--home", str(home))["mark_keys"]
    rotated = answer(capsys, "identity", "rotate-mark-key", "--home", str(home))
    assert rotated["mark_keys"][1:] == first
    assert answer(capsys, "identity", "show", "--home", str(home)) == rotated
    keys = Deployment.open(home).mark_keys
    for arguments in (["identity", "show"], ["identity", "show", "--json"], ["doctor"]):
        main([*arguments, "--home", str(home)])
        shown = capsys.readouterr().out
        assert rotated["mark_keys"][0] in shown
        assert not any(key.hex() in shown for key in keys)
    assert main(["identity", "show", "--home", str(home)]) == 0
    assert f"key {rotated['mark_keys'][0]}; earlier, still read: {first[0]}" in capsys.readouterr().out


@pytest.mark.parametrize("flaw", ["exposed", "damaged"])
def test_mark_keys_that_cannot_be_used_are_one_line_and_the_doctor_sees_them(tmp_path, capsys, flaw):
    home = tmp_path / "home"
    answer(capsys, "identity", "new", "--home", str(home))
    file = home / "mark.key"
    file.chmod(0o644) if flaw == "exposed" else file.write_bytes(b"short")
    message = {"exposed": "mode 0644", "damaged": "has 5 bytes, expected 32"}[flaw]
    for action in ("show", "rotate-mark-key"):
        assert main(["identity", action, "--home", str(home)]) == 1
        error = capsys.readouterr().err
        assert message in error
        assert len(error.strip().splitlines()) == 1
    main(["doctor", "--json", "--home", str(home)])
    parts = {part["name"]: part for part in json.loads(capsys.readouterr().out)["results"]}
    assert message in parts["mark keys"]["detail"]
    assert (parts["mark keys"]["present"], parts["mark keys"]["needed"]) == (False, True)


def test_a_mark_key_is_rotated_only_where_there_is_one(tmp_path, capsys):
    assert main(["identity", "rotate-mark-key", "--home", str(tmp_path / "none")]) == 1
    assert "holds no identity yet" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_chain_of_ones_own_is_taken_with_a_time_stamp_authority(brought, capsys):
    home = brought / "home"
    files = [part for name in ("chain", "key", "root") for part in (f"--{name}", str(brought / f"{name}.pem"))]
    stamps = ["--time-stamp", "http://tsa.example", "--time-stamp-root", str(brought / "root.pem")]
    made = answer(capsys, "identity", "new", "--home", str(home), *files, *stamps)
    assert made["time_stamp"] == {"url": "http://tsa.example", "required": False}
    identity = Deployment.open(home).identity
    assert identity.chain_pem == (brought / "chain.pem").read_text()
    assert identity.anchors == (identity.root_pem, identity.root_pem)
    assert identity.key_path.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_a_program_may_sign_and_its_arguments_are_not_shown(brought, monkeypatch, capsys):
    monkeypatch.chdir(brought)
    (brought / "module.py").write_text(MODULE)
    command = shlex.join([sys.executable, str(brought / "module.py"), "--pin", "a secret"])
    made = answer(capsys, "identity", "new", "--home", "home", *CHAIN, "--sign-command", command)
    assert (made["key_mode"], made["sign_command"]) == (None, sys.executable)
    assert main(["identity", "show", "--home", "home"]) == 0
    shown = capsys.readouterr().out
    assert f"elsewhere; {sys.executable} signs with it" in shown
    assert "secret" not in shown + json.dumps(made)
    encode_still(skimage.data.astronaut(), brought / "a.png")
    assert (
        answer(capsys, "seal", "a.png", "-o", "b.png", "--kind", "generated", "--home", "home")["credential"]["state"]
        == "trusted"
    )
    (brought / "key.pem").unlink()
    assert main(["seal", "a.png", "-o", "c.png", "--kind", "generated", "--home", "home"]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert "failed with code 1" in error[-1]
    assert "secret" not in "".join(error)
    assert sorted(path.name for path in brought.iterdir()) == [
        "a.png",
        "b.png",
        "chain.pem",
        "home",
        "module.py",
        "root.pem",
    ]


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["--chain", "chain.pem"], "--chain, --root and either --key or --sign-command", 2),
        (["--sign-command", "true"], "--chain, --root and either --key or --sign-command", 2),
        ([*CHAIN, "--key", "key.pem", "--sign-command", "true"], "either --key or --sign-command", 2),
        ([*CHAIN, "--sign-command", "'true"], "cannot be taken apart", 2),
        ([*CHAIN, "--sign-command", ""], "an empty command: is no program", 1),
        ([*CHAIN, "--sign-command", "none-such --slot 1"], "none-such: is no program that can be run", 1),
        ([*CHAIN, "--sign-command", "false"], "failed with code 1", 1),
        ([*CHAIN, "--sign-command", "cat"], "does not verify under its certificate", 1),
        (["--require-time-stamp"], "need --time-stamp URL", 2),
        (["--time-stamp", "ftp://x"], "give an http or https address", 1),
        (["--chain", "chain.pem", "--key", "root.pem", "--root", "root.pem"], "private key cannot be read", 1),
        (["--chain", "none.pem", "--key", "key.pem", "--root", "root.pem"], "none.pem: cannot be read as PEM", 1),
    ],
)
def test_what_makes_no_identity_is_one_line_and_leaves_no_identity(
    brought, monkeypatch, capsys, arguments, message, code
):
    monkeypatch.chdir(brought)
    assert main(["identity", "new", "--home", "home", *arguments]) == code
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (brought / "home" / "identity").exists()


@pytest.mark.slow
def test_a_reader_may_trust_single_signers_only(tmp_path, capsys):
    ours, theirs = (Deployment.open(tmp_path / name) for name in ("ours", "theirs"))
    encode_still(skimage.data.astronaut(), tmp_path / "a.png")
    seal_file(tmp_path / "a.png", tmp_path / "b.png", PayloadKind.CONTROL, theirs)
    for name, text in (("root", theirs.identity.root_pem), ("leaf", theirs.identity.chain_pem)):
        (tmp_path / f"{name}.pem").write_text(text)
    (tmp_path / "other.pem").write_text(ours.identity.chain_pem)
    read = ["read", str(tmp_path / "b.png"), "--home", str(tmp_path / "ours"), "--trust", str(tmp_path / "root.pem")]
    assert answer(capsys, *read)["outcome"] == "trusted"
    assert answer(capsys, *read, "--signer", str(tmp_path / "leaf.pem"))["outcome"] == "trusted"
    refused = answer(capsys, *read, "--signer", str(tmp_path / "other.pem"))
    assert (refused["outcome"], refused["credential"]["codes"]) == (
        "valid_unknown_signer",
        ["org.facetrail.signer.notAllowed"],
    )


def test_a_local_identity_has_a_name_of_its_own_which_a_renewal_keeps(tmp_path, capsys):
    home = str(tmp_path / "home")
    made = answer(capsys, "identity", "new", "--name", "Zoë's studio", "--home", home)
    assert "CN=Zoë's studio (local claim signer)" in made["subject"]
    assert "O=facetrail local development identity" in made["subject"]
    renewed = answer(capsys, "identity", "renew", "--home", home)
    assert (renewed["subject"], renewed["fingerprint"] != made["fingerprint"]) == (made["subject"], True)
    encode_still(skimage.data.astronaut()[:256, :256].copy(), tmp_path / "a.png")
    sign = ("sign", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png"), "--kind", "captured", "--home", home)
    assert answer(capsys, *sign)["credential"]["fingerprint"] == renewed["fingerprint"]
    read = answer(capsys, "read", str(tmp_path / "b.png"), "--home", home)["credential"]
    assert (read["signer"], read["fingerprint"]) == ("Zoë's studio (local claim signer)", renewed["fingerprint"])
    assert main(["identity", "show", "--home", home]) == 0
    shown = capsys.readouterr().out
    assert f"fingerprint  {renewed['fingerprint']}" in shown
    assert f"in {renewed['days_left']} days\n" in shown
    assert 5 * 365 - 2 <= renewed["days_left"] <= 5 * 365


@pytest.mark.parametrize("name", ["", " padded", "two\nlines", "x" * 41])
def test_a_name_that_no_certificate_should_hold_is_refused(tmp_path, capsys, name):
    assert main(["identity", "new", "--name", name, "--home", str(tmp_path / "home")]) == 1
    assert "cannot be a signer's name" in capsys.readouterr().err
    assert not (tmp_path / "home" / "identity").exists()


def test_a_chain_of_ones_own_names_its_signer_itself(brought, capsys, monkeypatch):
    monkeypatch.chdir(brought)
    assert main(["identity", "new", *CHAIN, "--key", "key.pem", "--name", "Other", "--home", "home"]) == 2
    assert "names its signer itself" in capsys.readouterr().err


@pytest.mark.parametrize(("days", "said"), [(29, "in 29 days; run `facetrail identity renew`"), (31, "in 31 days\n")])
def test_show_and_doctor_say_30_days_ahead_that_a_certificate_ends(tmp_path, capsys, monkeypatch, days, said):
    import datetime as dt

    from forensics.execution.environment import identity_part
    from watermark.identity import certificates

    monkeypatch.setattr(certificates, "_LEAF_DAYS", days + 0.5)
    home = tmp_path / "home"
    made = answer(capsys, "identity", "new", "--home", str(home))
    assert made["days_left"] == days
    assert dt.datetime.fromisoformat(made["not_after"]) > dt.datetime.now(dt.UTC)
    assert main(["identity", "show", "--home", str(home)]) == 0
    assert said in capsys.readouterr().out
    part = identity_part(home)
    assert part.present
    assert ("soon; run `facetrail identity renew`" in part.detail) is (days < 30)
