"""Test signing through a program, like the tool of a hardware module or a key service."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from watermark import (
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    PayloadKind,
    SignCommand,
    encode_still,
    read_statement,
    seal_file,
    sign_statement,
)
from watermark.identity.certificates import issue_chain, pem

MODULE = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

form, path = sys.argv[1:]
if not Path(path).exists():
    sys.exit("looking for the token\\ntoken is not present")
key = serialization.load_pem_private_key(Path(path).read_bytes(), None)
signature = key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256()))
if form == "raw":
    signature = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(signature))
sys.stdout.buffer.write(signature)
"""


class Token:
    """A stand-in for a hardware module: a program with a key that facetrail never reads."""

    def __init__(self, folder):
        folder.mkdir()
        made = issue_chain()
        root, issuing, leaf, key = made.root, made.issuing, made.leaf, made.leaf_key
        self.root_pem, self.chain_pem = pem(root), pem(leaf, issuing)
        self.program, self.key_path = folder / "module.py", folder / "token"
        self.program.write_text(MODULE)
        self.put(key)

    def put(self, key):
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, none))

    def command(self, form="der"):
        return SignCommand.of(sys.executable, str(self.program), form, str(self.key_path))

    def delegate(self, folder, form="der"):
        return Identity.delegate(folder, self.chain_pem, self.root_pem, self.command(form))


@pytest.fixture
def token(tmp_path):
    return Token(tmp_path / "token")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["der", "raw"])
def test_a_program_signs_and_its_key_is_nowhere_in_the_deployment(token, tmp_path, pictures, form):
    made = token.delegate(tmp_path / "home" / "identity", form)
    own = Deployment.open(tmp_path / "home")
    assert own.identity == made
    encode_still(pictures["face"], tmp_path / "a.png")
    receipt = seal_file(tmp_path / "a.png", tmp_path / "b.png", PayloadKind.GENERATED, own)
    assert receipt.credential.state is CredentialState.TRUSTED
    assert read_statement(sign_statement(b"said", own.identity), own.trust).content == b"said"
    files = [path for path in own.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"PRIVATE KEY" in path.read_bytes()]
    assert (own.folder / "identity" / "sign_command.json").stat().st_mode & 0o777 == 0o600


def test_a_token_that_was_pulled_out_leaves_no_file_and_says_so(token, tmp_path, pictures):
    token.delegate(tmp_path / "home" / "identity")
    token.key_path.unlink()
    own = Deployment.open(tmp_path / "home")
    encode_still(pictures["face"], tmp_path / "a.png")
    with pytest.raises(IdentityError, match=r"remote key cannot sign \(.* failed with code 1: token is not present\)"):
        seal_file(tmp_path / "a.png", tmp_path / "b.png", PayloadKind.GENERATED, own)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "home", "token"]
    assert not own.store.path.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(3)", "failed with code 3: it said nothing"),
        ("pass", "wrote no signature to its standard output"),
        ("print('no signature')", "does not verify under its certificate"),
        ("import signal; signal.pause()", "did not answer within 0.5 seconds"),
    ],
)
def test_a_program_that_does_not_sign_makes_no_identity(token, tmp_path, code, message):
    command = SignCommand((sys.executable, "-c", code), seconds=0.5 if "pause" in code else 60)
    with pytest.raises(IdentityError, match=message):
        Identity.delegate(tmp_path / "identity", token.chain_pem, token.root_pem, command)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["token"]


def test_a_program_with_another_key_makes_no_identity(token, tmp_path):
    token.put(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(IdentityError, match="does not verify under its certificate"):
        token.delegate(tmp_path / "identity")
    assert not (tmp_path / "identity").exists()


def test_no_shell_reads_the_arguments(tmp_path):
    odd = f"$(touch {tmp_path}/made); touch {tmp_path}/made | `touch {tmp_path}/made`"
    command = SignCommand.of(sys.executable, "-c", "import sys; sys.stdout.write(sys.argv[1])", odd)
    assert command(b"") == odd.encode()
    assert list(tmp_path.iterdir()) == []


def test_a_program_is_kept_by_its_whole_path_and_a_missing_one_is_refused(tmp_path, monkeypatch):
    program = tmp_path / "signs"
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert SignCommand.of("./signs", "-x").arguments == (str(program), "-x")
    for arguments, name in ((("./none",), "./none"), ((), "an empty command")):
        with pytest.raises(IdentityError, match=f"{name}: is no program that can be run"):
            SignCommand.of(*arguments)
    program.unlink()
    with pytest.raises(IdentityError, match="signs cannot be run"):
        SignCommand((str(program),))(b"")


def test_a_stored_command_that_others_may_change_or_that_is_damaged_is_refused(token, tmp_path):
    token.delegate(tmp_path / "identity")
    file = tmp_path / "identity" / "sign_command.json"
    file.chmod(0o666)
    with pytest.raises(IdentityError, match=r"sign_command\.json: has mode 0666"):
        Identity.load(tmp_path / "identity")
    file.chmod(0o600)
    whole = file.read_text()
    for content in (
        "",
        "[]",
        "{}",
        '{"arguments": [], "seconds": 1}',
        whole.replace("60.0", "0"),
        whole[:-1] + ', "a": 1}',
    ):
        file.write_text(content)
        with pytest.raises(IdentityError, match=r"sign_command\.json: .* restore it from a backup"):
            Identity.load(tmp_path / "identity")
