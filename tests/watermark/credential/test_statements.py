"""Test statements signed with the deployment's identity: changes, unknown signers, and other JOSE implementations."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from watermark import Identity, StatementError, TrustPolicy, read_statement, sign_statement
from watermark.identity.certificates import SIGNING_USES, _builder, _key_usage, _name, issue_chain, pem

CONTENT = b'{"sha256": "00ff"}'


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity.create(tmp_path_factory.mktemp("signer") / "identity")


def policy_of(identity: Identity) -> TrustPolicy:
    return TrustPolicy(identity.anchors)


def test_what_was_signed_comes_back_with_its_signer(identity: Identity) -> None:
    found = read_statement(sign_statement(CONTENT, identity), policy_of(identity))
    assert found.content == CONTENT
    assert found.signer == "facetrail local development identity: claim signer"
    assert found.fingerprint == identity.fingerprint


def test_the_signature_is_that_of_rfc_7515(identity: Identity) -> None:
    """The signing input and ES256's r and s are recomputed here, as any JOSE library does."""
    document = json.loads(sign_statement(CONTENT, identity))
    header = json.loads(base64.urlsafe_b64decode(document["protected"] + "=="))
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    signature = base64.urlsafe_b64decode(document["signature"] + "==")
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    public = leaf.public_key()
    assert header["alg"] == "ES256" and isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(der, f"{document['protected']}.{document['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
    assert base64.urlsafe_b64decode(document["payload"] + "==") == CONTENT


@pytest.mark.parametrize("part", ["payload", "protected", "signature"])
def test_a_changed_character_anywhere_is_refused(identity: Identity, part: str) -> None:
    document = json.loads(sign_statement(CONTENT, identity))
    text = document[part]
    for at in range(0, len(text) - 1, 7):
        changed = {**document, part: text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]}
        with pytest.raises(StatementError):
            read_statement(json.dumps(changed), policy_of(identity))


def test_a_signer_under_another_root_is_refused_with_the_way_out(identity: Identity, tmp_path: Path) -> None:
    stranger = Identity.create(tmp_path / "stranger")
    with pytest.raises(StatementError, match="--trust"):
        read_statement(sign_statement(CONTENT, stranger), policy_of(identity))


def test_a_leaf_cannot_make_further_signers() -> None:
    made = issue_chain()
    root, issuing, leaf, key = made.root, made.issuing, made.leaf, made.leaf_key
    own_key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        _builder(_name("intruder"), own_key, leaf.subject, key, 10)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signing=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(SIGNING_USES), critical=True)
        .sign(key, hashes.SHA256())
    )
    intruder = Identity.remote(
        pem(forged, leaf, issuing), pem(root), lambda content: own_key.sign(content, ec.ECDSA(hashes.SHA256()))
    )
    with pytest.raises(StatementError, match="intruder"):
        read_statement(sign_statement(CONTENT, intruder), TrustPolicy((pem(root),)))


def test_an_algorithm_that_the_certificate_does_not_sign_with_is_refused(identity: Identity) -> None:
    document = json.loads(sign_statement(CONTENT, identity))
    header = json.loads(base64.urlsafe_b64decode(document["protected"] + "=="))
    header["alg"] = "none"
    document["protected"] = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    with pytest.raises(StatementError, match="algorithm none"):
        read_statement(json.dumps(document), policy_of(identity))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"payload": "", "protected": "e30", "signature": ""}'])
def test_what_is_no_statement_is_refused(identity: Identity, text: str) -> None:
    with pytest.raises(StatementError, match="no signed statement"):
        read_statement(text, policy_of(identity))


@pytest.mark.parametrize("kind", ["p384", "rsa"])
def test_other_keys_that_may_sign_media_sign_statements_too(tmp_path: Path, kind: str) -> None:
    key = ec.generate_private_key(ec.SECP384R1()) if kind == "p384" else rsa.generate_private_key(65537, 2048)
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = (
        _builder(_name("root"), root_key, _name("root"), root_key, 10)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(signing=False), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _builder(_name("leaf"), key, _name("root"), root_key, 10)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signing=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(SIGNING_USES), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    identity = Identity.bring(tmp_path / "brought", pem(leaf), pem(root), private)
    assert read_statement(sign_statement(CONTENT, identity), policy_of(identity)).content == CONTENT
    assert dt.datetime.now(dt.UTC) < identity.not_after
