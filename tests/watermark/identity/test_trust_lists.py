"""Trust lists: who vouches for what, where the lists lie, and attacks on both."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from watermark import (
    OWN_ROOTS,
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    PayloadKind,
    Purpose,
    StatementError,
    TrustList,
    TrustPolicy,
    encode_still,
    read_provenance,
    read_statement,
    read_trust_lists,
    remove_trust_list,
    seal_file,
    sign_statement,
    write_trust_list,
)
from watermark.identity.certificates import issue_chain, pem

PROGRAMME = Path(__file__).parents[3].parent / "shared" / "data" / "trust"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A deployment of somebody else, and a picture that it sealed."""
    folder = tmp_path_factory.mktemp("stranger")
    encode_still(np.asarray(skimage.data.astronaut()[:256, :256]), folder / "plain.png")
    deployment = Deployment.open(folder / "home")
    seal_file(folder / "plain.png", folder / "sealed.png", PayloadKind.CONTROL, deployment)
    return deployment, folder / "sealed.png"


@pytest.fixture
def home(tmp_path):
    return Deployment.open(tmp_path / "home")


def listed(stranger, purpose, name="theirs"):
    return TrustList(name, purpose, f"Subject of the first\n{stranger[0].identity.root_pem}", None, "2026-01-01")


def reopened(home, *lists):
    for one in lists:
        write_trust_list(home.folder / "trust", one)
    return Deployment.open(home.folder)


def test_a_list_for_claim_signing_vouches_for_a_signer_by_name(stranger, home):
    signer, sealed = stranger
    before = read_provenance(sealed, home).credential
    assert (before.state, before.vouched_by) == (CredentialState.VALID_UNKNOWN_SIGNER, None)
    assert before.fingerprint == signer.identity.fingerprint
    after = read_provenance(sealed, reopened(home, listed(stranger, Purpose.CLAIM_SIGNING))).credential
    assert (after.state, after.vouched_by) == (CredentialState.TRUSTED, "theirs")
    assert read_provenance(sealed, signer).credential.vouched_by == OWN_ROOTS
    remove_trust_list(home.folder / "trust", "theirs")
    assert read_provenance(sealed, Deployment.open(home.folder)).credential.state is before.state


def test_a_list_of_time_stamp_authorities_makes_no_signer_known(stranger, home):
    """The library alone trusts the signer then; that is what the purpose of a list is for."""
    deployment = reopened(home, listed(stranger, Purpose.TIME_STAMPING))
    credential = read_provenance(stranger[1], deployment).credential
    assert (credential.state, credential.vouched_by) == (CredentialState.VALID_UNKNOWN_SIGNER, None)
    assert credential.codes == ("org.facetrail.signer.notForClaims",)
    with pytest.raises(StatementError, match="is not known here"):
        read_statement(sign_statement(b"said", stranger[0].identity), deployment.trust)
    both = reopened(home, listed(stranger, Purpose.CLAIM_SIGNING, "signers"))
    assert read_provenance(stranger[1], both).credential.vouched_by == "signers"
    assert read_statement(sign_statement(b"said", stranger[0].identity), both.trust).content == b"said"


def test_a_signer_under_a_list_still_has_to_be_an_allowed_one(stranger, home):
    deployment = reopened(home, listed(stranger, Purpose.CLAIM_SIGNING))
    policy = replace(deployment.trust, allowed_signers=(deployment.identity.chain_pem,))
    credential = read_provenance(stranger[1], deployment, policy=policy).credential
    assert (credential.state, credential.vouched_by) == (CredentialState.VALID_UNKNOWN_SIGNER, None)


def test_only_authorities_vouch_and_a_signer_is_no_issuer():
    victim, other = issue_chain(), issue_chain()
    policy = TrustPolicy((), lists=(TrustList("one", Purpose.CLAIM_SIGNING, pem(victim.root)),))
    assert policy.vouching([victim.leaf, victim.issuing]) == "one"
    assert policy.vouching([victim.leaf]) is None
    assert policy.vouching([other.leaf, victim.issuing, victim.leaf, other.issuing]) is None
    leaf_as_anchor = TrustPolicy((), lists=(TrustList("one", Purpose.CLAIM_SIGNING, pem(victim.leaf)),))
    assert leaf_as_anchor.vouching([victim.leaf, victim.issuing]) is None


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_list_that_others_may_write_stops_reading(stranger, home, mode):
    reopened(home, listed(stranger, Purpose.CLAIM_SIGNING))
    (home.folder / "trust" / "theirs.json").chmod(mode)
    with pytest.raises(IdentityError, match="can be changed by others"):
        Deployment.open(home.folder)


def test_a_folder_of_lists_that_others_may_write_is_refused(stranger, home):
    reopened(home, listed(stranger, Purpose.CLAIM_SIGNING))
    (home.folder / "trust").chmod(0o777)
    with pytest.raises(IdentityError, match="can be changed by others"):
        Deployment.open(home.folder)
    with pytest.raises(IdentityError, match="can be changed by others"):
        write_trust_list(home.folder / "trust", listed(stranger, Purpose.CLAIM_SIGNING))


@pytest.mark.parametrize(
    "damage",
    [
        lambda one: "{",
        lambda one: json.dumps({**one, "purpose": "everything"}),
        lambda one: json.dumps({**one, "name": "another"}),
        lambda one: json.dumps({**one, "pem": "no certificate"}),
        lambda one: json.dumps({**one, "more": ""}),
        lambda one: json.dumps({**one, "url": 3}),
        lambda one: json.dumps([one]),
    ],
)
def test_a_damaged_list_stops_reading_and_can_be_removed(stranger, home, damage):
    reopened(home, listed(stranger, Purpose.CLAIM_SIGNING))
    path = home.folder / "trust" / "theirs.json"
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(IdentityError, match=r"theirs\.json: is no usable trust list"):
        Deployment.open(home.folder)
    remove_trust_list(home.folder / "trust", "theirs")
    assert Deployment.open(home.folder).trust_lists == ()


def test_a_list_without_an_authority_or_with_a_path_for_a_name_is_not_stored(home):
    made, folder = issue_chain(), home.folder / "trust"
    with pytest.raises(IdentityError, match="no certificate of an authority"):
        write_trust_list(folder, TrustList("leaf", Purpose.CLAIM_SIGNING, pem(made.leaf)))
    with pytest.raises(IdentityError, match="cannot name a trust list"):
        write_trust_list(folder, TrustList("../x", Purpose.CLAIM_SIGNING, pem(made.root)))
    assert read_trust_lists(folder) == ()


def test_the_programmes_lists_are_read_whole(home):
    if not PROGRAMME.exists():
        pytest.skip("the C2PA programme's lists are not here")
    texts = {path.stem: path.read_text() for path in PROGRAMME.glob("*.pem")}
    lists = [
        TrustList(name, Purpose.TIME_STAMPING if "TSA" in name else Purpose.CLAIM_SIGNING, text)
        for name, text in texts.items()
    ]
    opened = reopened(home, *lists).trust_lists
    assert {one.name: len(one.certificates) for one in opened} == {
        name: text.count("BEGIN CERTIFICATE") for name, text in texts.items()
    }
    assert all(len(one.certificates) >= 10 for one in opened)


def test_an_identity_elsewhere_with_the_same_names_is_not_vouched_for(stranger, home, tmp_path):
    """The root of the list has the same subject as any other local root; its key tells them apart."""
    other = Identity.create(tmp_path / "other")
    shutil.rmtree(home.folder / "trust", ignore_errors=True)
    lists = TrustList("other", Purpose.CLAIM_SIGNING, other.root_pem)
    credential = read_provenance(stranger[1], reopened(home, lists)).credential
    assert credential.state is CredentialState.VALID_UNKNOWN_SIGNER
