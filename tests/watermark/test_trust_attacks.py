"""Attacks on what trust is built on: each of these once succeeded, or would if a check were dropped."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from watermark import (
    Claim,
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    Payload,
    PayloadKind,
    SealError,
    StatementError,
    TrustError,
    TrustPolicy,
    encode_still,
    mark,
    read_provenance,
    read_statement,
    seal,
    seal_file,
    sign_statement,
    verify_file,
)
from watermark.identity import certificates
from watermark.identity.certificates import pem
from watermark.identity.private_files import write_private

Frames = np.ndarray


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Deployment.open(tmp_path / "home").folder


def forged_chain(victim: certificates.Chain) -> certificates.Chain:
    """Make a chain of another authority whose leaf copies the victim's serial number, names and dates."""
    own = certificates.issue_chain()
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(
        issuer_name=victim.issuing.subject,
        subject_name=victim.leaf.subject,
        public_key=key.public_key(),
        serial_number=victim.leaf.serial_number,
        not_valid_before=victim.leaf.not_valid_before_utc,
        not_valid_after=victim.leaf.not_valid_after_utc,
    )
    for extension in victim.leaf.extensions:
        if extension.oid not in (x509.AuthorityKeyIdentifier.oid, x509.SubjectKeyIdentifier.oid):
            builder = builder.add_extension(extension.value, extension.critical)
    issuer_key = own.issuing_key.public_key()
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    leaf = builder.sign(own.issuing_key, certificates.hashes.SHA256())
    return replace(own, leaf=leaf, leaf_key=key)


def brought(folder: Path, chain: certificates.Chain) -> Identity:
    key = chain.leaf_key.private_bytes(
        certificates.serialization.Encoding.PEM,
        certificates.serialization.PrivateFormat.PKCS8,
        certificates.serialization.NoEncryption(),
    )
    return Identity.bring(folder, pem(chain.leaf, chain.issuing), pem(chain.root), key)


def test_a_leaf_that_copies_an_allowed_signer_under_another_trusted_root_is_not_that_signer(
    tmp_path: Path, deployment: Deployment, pictures: dict[str, Frames], payload: Payload
) -> None:
    victim = certificates.issue_chain()
    forger = forged_chain(victim)
    assert forger.leaf.serial_number == victim.leaf.serial_number
    anchors = (pem(victim.root), pem(forger.root))
    policy = TrustPolicy(anchors, (pem(victim.leaf),))
    for name, chain, allowed in (("victim", victim, True), ("forger", forger, False)):
        identity = brought(tmp_path / name, chain)
        own = replace(deployment, identity=identity)
        path = tmp_path / f"{name}.png"
        seal(mark(pictures["cat"], payload, own.mark_key), path, Claim(payload, "t", "a", "1"), own)
        assert verify_file(path, own, TrustPolicy(anchors)).state is CredentialState.TRUSTED
        statement = sign_statement(b"content", identity)
        assert read_statement(statement, TrustPolicy(anchors)).content == b"content"
        if allowed:
            assert verify_file(path, own, policy).state is CredentialState.TRUSTED
            assert read_statement(statement, policy).content == b"content"
            continue
        with pytest.raises(TrustError) as refused:
            verify_file(path, own, policy)
        assert refused.value.codes == ("org.facetrail.signer.notAllowed",)
        with pytest.raises(StatementError, match="none of the signers that are allowed"):
            read_statement(statement, policy)


def test_an_issuer_named_after_an_allowed_leaf_is_no_allowed_signer() -> None:
    chain, other = certificates.issue_chain(), certificates.issue_chain()
    policy = TrustPolicy((), (pem(chain.leaf, chain.issuing, other.leaf),))
    assert policy.allows(chain.leaf)
    assert not policy.allows(other.leaf)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize("name", [".", "identity", "identity/root.pem", "identity/chain.pem", "anchors.pem",
                                  "manifests.sqlite3", "mark.key"])  # fmt: skip
def test_a_folder_or_file_that_others_may_write_is_refused(
    home: Path, name: str, pictures: dict[str, Frames], payload: Payload
) -> None:
    own = Deployment.open(home)
    (home / "anchors.pem").write_text(own.identity.root_pem)
    (home / "anchors.pem").chmod(0o644)
    seal(mark(pictures["cat"], payload, own.mark_key), home.parent / "a.png", Claim(payload, "t", "a", "1"), own)
    assert Deployment.open(home).anchors
    path = home / name
    for writable in (0o020, 0o002):
        mode = path.stat().st_mode
        path.chmod(mode | writable)
        with pytest.raises(IdentityError, match=r"can be (changed|used) by others; run chmod"):
            Deployment.open(home)
        path.chmod(mode)
    Deployment.open(home)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_what_a_deployment_makes_is_not_writable_by_others_whatever_the_umask(
    tmp_path: Path, pictures: dict[str, Frames], payload: Payload
) -> None:
    before = os.umask(0)
    try:
        own = Deployment.open(tmp_path / "home")
        seal(mark(pictures["cat"], payload, own.mark_key), tmp_path / "a.png", Claim(payload, "t", "a", "1"), own)
        Identity.renew(own.folder / "identity")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o022 for path in (own.folder, *own.folder.rglob("*"))}
    assert len(modes) > 6
    assert set(modes.values()) == {0}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "anchors.pem").write_text(Deployment.open(home).identity.root_pem)
    os.chown(home / "anchors.pem", 12345, 12345)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(IdentityError, match=r"anchors\.pem: belongs to user 12345"):
        Deployment.open(home)


@pytest.fixture
def out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.timedelta], Deployment]:
    """Make a deployment whose certificate was issued at another time, as if the clock were wrong now."""

    def make(shift: dt.timedelta) -> Deployment:
        clock = SimpleNamespace(now=lambda zone: dt.datetime.now(zone) + shift)
        with monkeypatch.context() as patch:
            patch.setattr(certificates, "dt", SimpleNamespace(datetime=clock, timedelta=dt.timedelta, UTC=dt.UTC))
            folder = tmp_path / "home"
            folder.mkdir(mode=0o700)
            Identity.create(folder / "identity")
        return Deployment.open(folder)

    return make


@pytest.mark.slow
@pytest.mark.parametrize(("years", "message"), [(-6, "expired on"), (2, "set the clock")])
def test_reading_goes_on_with_a_certificate_out_of_date_and_signing_does_not(
    out_of_date: Callable[[dt.timedelta], Deployment],
    years: int,
    message: str,
    sealed: dict,
    deployment: Deployment,
    pictures: dict[str, Frames],
    payload: Payload,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = out_of_date(dt.timedelta(days=365 * years))
    assert message in caplog.text
    found = read_provenance(sealed[".png"].path, replace(own, anchors=deployment.identity.anchors))
    assert found.credential.state is CredentialState.TRUSTED
    with pytest.raises(IdentityError, match=message):
        seal(mark(pictures["cat"], payload, own.mark_key), tmp_path / "a.png", Claim(payload, "t", "a", "1"), own)
    with pytest.raises(IdentityError, match=message):
        sign_statement(b"content", own.identity)
    assert not (tmp_path / "a.png").exists()


def test_a_renewed_identity_keeps_root_mark_keys_and_store_and_signs_with_another_key(
    out_of_date: Callable[[dt.timedelta], Deployment], pictures: dict[str, Frames], payload: Payload, tmp_path: Path
) -> None:
    own = out_of_date(dt.timedelta(days=-365 * 6))
    Identity.renew(own.folder / "identity")
    renewed = Deployment.open(own.folder)
    assert renewed.identity.root_pem == own.identity.root_pem
    assert renewed.identity.fingerprint != own.identity.fingerprint
    assert (renewed.mark_keys, renewed.store.path) == (own.mark_keys, own.store.path)
    assert not (own.folder / "identity" / "leaf_key.pem").exists()
    path = tmp_path / "a.png"
    seal(mark(pictures["cat"], payload, own.mark_key), path, Claim(payload, "t", "a", "1"), renewed)
    assert verify_file(path, renewed, TrustPolicy((own.identity.root_pem,))).state is CredentialState.TRUSTED
    again = Identity.renew(own.folder / "identity")
    assert len(list((own.folder / "identity").glob("leaf_key*.pem"))) == 1
    assert again.fingerprint != renewed.identity.fingerprint


def test_an_identity_without_its_issuing_key_gets_a_new_chain_and_its_earlier_files_stay_trusted(
    home: Path, pictures: dict[str, Frames], payload: Payload, tmp_path: Path
) -> None:
    own = Deployment.open(home)
    (home / "identity" / "issuing_key.pem").unlink()  # as identities were made once
    path = tmp_path / "a.png"
    seal(mark(pictures["cat"], payload, own.mark_key), path, Claim(payload, "t", "a", "1"), own)
    Identity.renew(home / "identity")
    renewed = Deployment.open(home)
    assert renewed.identity.root_pem != own.identity.root_pem
    assert renewed.identity.former_roots == (own.identity.root_pem,)
    assert verify_file(path, renewed).state is CredentialState.TRUSTED
    Identity.renew(home / "identity")
    assert Deployment.open(home).identity.root_pem == renewed.identity.root_pem


def test_a_chain_from_elsewhere_is_not_renewed_here(tmp_path: Path) -> None:
    chain = certificates.issue_chain()
    identity = brought(tmp_path / "identity", chain)
    stranger = tmp_path / "identity" / "chain.pem"
    before = stranger.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("watermark.identity.identity.ORGANIZATION", "Example News")
        with pytest.raises(IdentityError, match="was issued elsewhere; have its authority renew it"):
            Identity.renew(tmp_path / "identity")
    assert stranger.read_bytes() == before
    assert identity.key_path is not None and identity.key_path.exists()


def test_a_generated_file_is_not_sealed_as_genuine(
    sealed: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its mark is another installation's, which only its credential gives away."""
    elsewhere = Deployment.open(tmp_path / "home")
    source, out = sealed[".png"].path, tmp_path / "control.png"
    with pytest.raises(SealError, match=r"its credential says that a machine made or changed it"):
        seal_file(source, out, PayloadKind.CONTROL, elsewhere)
    assert not out.exists()
    receipt = seal_file(source, out, PayloadKind.CONTROL, elsewhere, force=True)
    assert receipt.credential.says_generated
    assert receipt.credential.ingredient_source_types
    assert not receipt.credential.source_types


@pytest.mark.slow
def test_the_unmarked_source_is_never_replaced_by_what_is_sealed_of_it(
    pictures: dict[str, Frames], tmp_path: Path, deployment: Deployment
) -> None:
    path, other = tmp_path / "a.png", tmp_path / "link.png"
    encode_still(pictures["cat"], path)
    other.symlink_to(path)
    before = path.read_bytes()
    for name in (path, other, tmp_path / "x" / ".." / "a.png"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(SealError, match="is the file to be sealed; choose another name"):
            seal_file(path, name, PayloadKind.GENERATED, deployment)
    assert path.read_bytes() == before
    seal_file(path, path, PayloadKind.GENERATED, deployment, force=True)
    assert path.read_bytes() != before


def test_a_deployment_that_is_made_says_so_and_one_that_is_there_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        Deployment.open(tmp_path / "mistyped")
    (record,) = caplog.records
    assert (
        record.getMessage() == f"{tmp_path / 'mistyped'}: held no identity; a local development identity was made there"
    )
    caplog.clear()
    Deployment.open(tmp_path / "mistyped")
    assert not caplog.records


def test_the_issuing_key_is_kept_for_its_owner_alone(home: Path) -> None:
    (home / "identity" / "issuing_key.pem").chmod(0o644)
    with pytest.raises(IdentityError, match=r"issuing_key\.pem: has mode 0644 and can be used by others"):
        Identity.renew(home / "identity")
    (home / "identity" / "issuing_key.pem").unlink()
    write_private(home / "identity" / "issuing_key.pem", b"no key")
    with pytest.raises(IdentityError, match=r"issuing_key\.pem: the issuing key cannot be read"):
        Identity.renew(home / "identity")
