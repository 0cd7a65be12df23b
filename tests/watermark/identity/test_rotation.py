"""Rotation of an identity: a new chain signs, the earlier files stay trusted, and a cut-off rotation can go on."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from skimage.data import astronaut

from watermark import CredentialState, Deployment, IdentityError, PayloadKind, SignCommand, sign_unchanged
from watermark.credential.credential import read_credential
from watermark.identity import rotation
from watermark.identity.certificates import issue_chain, pem
from watermark.identity.identity import Identity
from watermark.identity.rotation import bring_into, rotate_identity


@pytest.fixture
def home(tmp_path):
    return Deployment.open(tmp_path / "home")


def sign(deployment, path):
    Image.fromarray(astronaut()[:64, :64]).save(path.with_suffix(".png"))
    out = path.with_name(f"{path.name}-signed.png")
    sign_unchanged(path.with_suffix(".png"), out, PayloadKind.CAPTURED, deployment)
    return out


def state(path, deployment):
    return read_credential(path, deployment.trust, deployment.store).state


def test_a_rotated_identity_signs_under_a_new_root_and_trusts_its_earlier_files(home, tmp_path):
    before = sign(home, tmp_path / "a")
    rotate_identity(home.folder / "identity", "Studio")
    again = Deployment.open(home.folder)
    assert again.identity.root_pem != home.identity.root_pem
    assert "Studio" in again.identity.subject
    after = sign(again, tmp_path / "b")
    assert (state(before, again), state(after, again)) == (CredentialState.TRUSTED, CredentialState.TRUSTED)
    assert state(after, home) is CredentialState.VALID_UNKNOWN_SIGNER
    Identity.renew(home.folder / "identity")  # the new authority's key is there
    assert "Studio" in Deployment.open(home.folder).identity.subject


def test_only_the_new_key_is_left_and_the_mark_keys_stay(home):
    old = (home.folder / "identity" / "leaf_key.pem").read_bytes()
    rotate_identity(home.folder / "identity")
    files = [one for one in (home.folder / "identity").iterdir() if one.is_file()]
    assert all(one.read_bytes() != old for one in files)
    assert len([one for one in files if one.name.startswith("leaf_key")]) == 1
    assert all(one.stat().st_mode & 0o077 == 0 for one in files if "key" in one.name)
    assert Deployment.open(home.folder).mark_keys == home.mark_keys


def chain_of(tmp_path):
    chain = issue_chain("Elsewhere")
    key = chain.leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "key.pem").chmod(0o600)
    return pem(chain.leaf, chain.issuing), pem(chain.root), key


def test_a_chain_from_elsewhere_takes_over_and_so_does_a_signing_program(home, tmp_path):
    chain, root, key = chain_of(tmp_path)
    bring_into(home.folder / "identity", chain, root, key)
    assert state(sign(Deployment.open(home.folder), tmp_path / "a"), home) is CredentialState.VALID_UNKNOWN_SIGNER
    program = tmp_path / "sign"
    program.write_text(f"#!/bin/sh\nexec openssl dgst -sha256 -sign {tmp_path / 'key.pem'}\n")
    program.chmod(0o700)
    bring_into(home.folder / "identity", chain, root, SignCommand.of(str(program)))
    remote = Deployment.open(home.folder)
    assert remote.identity.key_path is None
    assert not list((home.folder / "identity").glob("*key*.pem"))
    assert state(sign(remote, tmp_path / "b"), remote) is CredentialState.TRUSTED
    rotate_identity(home.folder / "identity")
    assert Deployment.open(home.folder).identity.key_path is not None


def test_another_certificates_key_changes_nothing(home, tmp_path):
    chain, root, _ = chain_of(tmp_path)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for signing in (other, SignCommand.of("/bin/echo", "no signature")):
        with pytest.raises(IdentityError):
            bring_into(home.folder / "identity", chain, root, signing)
    assert Deployment.open(home.folder).identity == home.identity


@pytest.mark.parametrize("step", range(5))
def test_a_rotation_that_ends_anywhere_leaves_an_identity_that_loads_and_can_be_rotated(
    home, tmp_path, monkeypatch, step
):
    before = sign(home, tmp_path / "a")
    count = 0

    def ending(write):
        def one(*arguments):
            nonlocal count
            count += 1
            if count > step:
                raise KeyboardInterrupt
            write(*arguments)

        return one

    with monkeypatch.context() as patch:
        for name in ("append_whole", "replace_whole", "write_private_whole"):
            patch.setattr(rotation, name, ending(getattr(rotation, name)))
        with pytest.raises(KeyboardInterrupt):
            rotate_identity(home.folder / "identity")
    assert state(before, Deployment.open(home.folder)) is CredentialState.TRUSTED
    rotate_identity(home.folder / "identity")
    again = Deployment.open(home.folder)
    assert state(before, again) is CredentialState.TRUSTED
    assert state(sign(again, tmp_path / "b"), again) is CredentialState.TRUSTED
    assert again.identity.fingerprint == _fingerprint(again)
    assert len(list((home.folder / "identity").glob("leaf_key*.pem"))) == 1


def _fingerprint(deployment):
    from watermark.identity.certificates import read_pem

    return read_pem(deployment.identity.chain_pem, "chain")[0].fingerprint(hashes.SHA256()).hex()
