from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from watermark import (
    Claim,
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    Ingredient,
    Payload,
    PayloadKind,
    mark,
    seal,
)
from watermark.credential.credential import read_credential
from watermark.identity.certificates import SIGNING_USES


@pytest.fixture
def identity(tmp_path):
    return Identity.create(tmp_path / "identity")


def test_the_chain_is_root_issuer_leaf_and_each_signs_the_next(identity):
    root = x509.load_pem_x509_certificate(identity.root_pem.encode())
    leaf, issuer = x509.load_pem_x509_certificates(identity.chain_pem.encode())
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


def test_the_leaf_may_sign_claims_for_five_years_and_is_no_authority(identity):
    leaf = x509.load_pem_x509_certificates(identity.chain_pem.encode())[0]
    uses = leaf.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert set(uses) == set(SIGNING_USES)
    assert leaf.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    years = (identity.not_after - dt.datetime.now(dt.UTC)).days / 365
    assert 4.9 < years <= 5


def test_every_name_says_that_it_is_a_local_development_identity(identity):
    pem = identity.root_pem + identity.chain_pem
    for certificate in x509.load_pem_x509_certificates(pem.encode()):
        assert "local development identity" in certificate.subject.rfc4514_string()


def test_only_the_keys_of_leaf_and_issuer_are_stored_for_their_owner_alone_and_never_shown(tmp_path, identity):
    secrets = {path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()}
    assert secrets == {identity.key_path, identity.key_path.with_name("issuing_key.pem")}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in secrets)
    assert "BEGIN" not in repr(identity)


def test_an_identity_loads_as_it_was_made_and_is_never_overwritten(tmp_path, identity):
    assert Identity.load(tmp_path / "identity") == identity
    with pytest.raises(IdentityError, match=r"holds an identity already; move it away"):
        Identity.create(tmp_path / "identity")


def test_a_key_that_others_can_read_is_refused(tmp_path, identity):
    identity.key_path.chmod(0o644)
    with pytest.raises(IdentityError, match=r"mode 0644 .* chmod 600"):
        Identity.load(tmp_path / "identity")


@pytest.mark.parametrize("name", ["root.pem", "chain.pem", "leaf_key.pem"])
def test_a_missing_or_damaged_file_is_refused_by_name(tmp_path, identity, name):
    (tmp_path / "identity" / name).unlink()
    with pytest.raises(IdentityError, match="identity: is no usable signing identity"):
        Identity.load(tmp_path / "identity")


def test_a_deployment_is_made_once_and_opened_again(tmp_path):
    first, second = Deployment.open(tmp_path / "new" / "home"), Deployment.open(tmp_path / "new" / "home")
    assert first.identity == second.identity
    assert first.mark_key == second.mark_key
    assert len(first.mark_key) == 32
    assert (first.folder / "mark.key").stat().st_mode & 0o777 == 0o600
    assert first.mark_key.hex() not in repr(first)
    assert repr(first.mark_key) not in repr(first)


def test_several_openers_at_once_get_the_same_deployment(tmp_path):
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(Deployment.open, [tmp_path / "home"] * 6))
    assert len({deployment.identity.fingerprint for deployment in opened}) == 1
    assert len({deployment.mark_key for deployment in opened}) == 1
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["identity", "mark.key"]


def test_the_environment_variable_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETRAIL_HOME", str(tmp_path / "elsewhere"))
    assert Deployment.open().folder == tmp_path / "elsewhere"


def test_a_damaged_or_exposed_mark_key_is_refused(tmp_path):
    key = Deployment.open(tmp_path).folder / "mark.key"
    key.chmod(0o640)
    with pytest.raises(IdentityError, match="mode 0640"):
        Deployment.open(tmp_path)
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(IdentityError, match="5 bytes, expected 32"):
        Deployment.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError, match="set FACETRAIL_HOME"):
        Deployment.open(tmp_path / "file" / "home")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_roots_of_others_in_the_folder_are_trusted_when_reading_and_for_ingredients(
    tmp_path, pictures, sealed, deployment
):
    ours = Deployment.open(tmp_path / "home")
    theirs = sealed[".jpg"].path
    assert read_credential(theirs, ours.trust, ours.store).state is CredentialState.VALID_UNKNOWN_SIGNER

    def sealed_from_theirs(own, number):
        payload = Payload(number, PayloadKind.GENERATED)
        claim = Claim(payload, "a", "facetrail test", "1", ingredients=(Ingredient(theirs, "in", "inputTo"),))
        return seal(mark(pictures["cat"], payload, own.mark_key), tmp_path / "a.png", claim, own).credential

    assert sealed_from_theirs(ours, 1).ingredient_codes == ("signingCredential.untrusted",)
    (ours.folder / "anchors.pem").write_text(deployment.identity.root_pem)
    ours = Deployment.open(tmp_path / "home")
    assert read_credential(theirs, ours.trust, ours.store).state is CredentialState.TRUSTED
    assert sealed_from_theirs(ours, 2).ingredient_codes == ()
    (ours.folder / "anchors.pem").write_text("nonsense")
    with pytest.raises(IdentityError, match=r"anchors\.pem: is no PEM certificate"):
        Deployment.open(tmp_path / "home")
