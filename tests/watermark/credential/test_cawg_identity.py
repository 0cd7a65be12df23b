"""Test that an identity beside the claim signer has its own state, and that the credential keeps its own."""

from __future__ import annotations

import io
from dataclasses import replace

import c2pa
import pytest
from PIL import Image

from forensics.cli.commands.read import describe
from forensics.reporting import read_entry
from watermark import (
    CredentialState,
    IdentityState,
    ManifestStore,
    PayloadKind,
    TrustPolicy,
    read_provenance,
    seal_file,
    verify_file,
)
from watermark.credential.cawg_identity import CawgIdentity, cawg_identities
from watermark.credential.credential import read_credential
from watermark.identity.certificates import pem

from .test_public_files import FOLDER
from .test_signing import make_chain

ACTIONS = [
    {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
    }
]
UNKNOWN = CawgIdentity(
    IdentityState.VALID_UNKNOWN_ISSUER, "Studio signer", "cawg.x509.cose", ("cawg.x509.credential.untrusted",)
)


@pytest.fixture
def named(tmp_path, pictures):
    """Return a picture with a CAWG identity, and the root of its claim signer."""
    signer, person = make_chain(), make_chain("ed25519")
    use = {"referenced_assertions": ["cawg.training-mining"]}
    settings = {
        "builder": {"thumbnail": {"enabled": False}},
        "signer": {
            "local": {"alg": "es256", "sign_cert": signer.pem, "private_key": signer.key_pem.decode()},
        },
        "cawg_x509_signer": {
            "local": {"alg": "ed25519", "sign_cert": person.pem, "private_key": person.key_pem.decode(), **use}
        },
    }
    definition = {
        "claim_generator_info": [{"name": "a test"}],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": ACTIONS}},
            {"label": "cawg.training-mining", "data": {"entries": {}}},
        ],
    }
    source = io.BytesIO()
    Image.fromarray(pictures["face"]).save(source, "PNG")
    source.seek(0)
    context = c2pa.Context.from_dict(settings)
    context._has_signer = True  # the settings name one, which the library's Python door does not see
    with (tmp_path / "named.png").open("w+b") as target, c2pa.Builder(definition, context) as builder:
        builder.sign("image/png", source, target)
    return tmp_path / "named.png", pem(signer.root)


def test_a_trusted_signer_stays_trusted_beside_an_identity_of_an_unknown_issuer(named, tmp_path):
    path, root = named
    store = ManifestStore(tmp_path / "store.sqlite3")
    known = read_credential(path, TrustPolicy((root,)), store)
    assert (known.state, known.codes, known.identities) == (CredentialState.TRUSTED, (), (UNKNOWN,))
    stranger = read_credential(path, TrustPolicy((pem(make_chain().root),)), store)
    assert stranger.state is CredentialState.VALID_UNKNOWN_SIGNER
    assert stranger.codes == ("signingCredential.untrusted",)
    assert stranger.identities == (UNKNOWN,)
    pinned = TrustPolicy((root,), allowed_signers=(pem(make_chain().leaf),))
    assert read_credential(path, pinned, store).state is CredentialState.VALID_UNKNOWN_SIGNER


def test_a_changed_file_with_an_identity_is_altered(named, tmp_path):
    path, root = named
    data = bytearray(path.read_bytes())
    place = data.index(b"cawg.identity")
    store = ManifestStore(tmp_path / "store.sqlite3")
    for offset in (place, place + 60, place + 400, len(data) - 20, len(data) // 2):
        changed = bytearray(data)
        changed[offset] ^= 1
        path.write_bytes(changed)
        assert read_credential(path, TrustPolicy((root,)), store).state is CredentialState.ALTERED


@pytest.mark.slow
def test_a_picture_with_an_identity_is_sealed_as_an_ingredient(named, deployment, tmp_path):
    path, root = named
    for number, own in enumerate((deployment, replace(deployment, anchors=(root,)))):
        own = replace(own, store=ManifestStore(tmp_path / f"{number}.sqlite3"))
        receipt = seal_file(path, tmp_path / f"{number}.png", PayloadKind.GENERATED, own)
        assert receipt.credential.state is CredentialState.TRUSTED
        assert receipt.credential.identities == ()
        found = verify_file(receipt.path, own)
        assert "cawg.x509.credential.untrusted" in found.ingredient_codes


def test_the_identity_stands_in_text_and_document(named, deployment):
    path, root = named
    found = read_provenance(path, deployment, anchors=(root,), search=0)
    line = "  identity    Studio signer, valid unknown issuer (cawg.x509.credential.untrusted)"
    assert line in describe(found).splitlines()
    assert read_entry(found)["credential"]["identities"] == [
        {
            "state": "valid_unknown_issuer",
            "name": "Studio signer",
            "kind": "cawg.x509.cose",
            "codes": ["cawg.x509.credential.untrusted"],
        }
    ]


@pytest.mark.parametrize(
    ("passed", "failed", "state"),
    [
        (["cawg.x509.credential.trusted", "cawg.x509.signature.validated"], [], IdentityState.TRUSTED),
        (["cawg.x509.signature.validated"], [], IdentityState.VALID_UNKNOWN_ISSUER),
        (["cawg.ica.credential_valid"], ["cawg.ica.untrusted_issuer"], IdentityState.VALID_UNKNOWN_ISSUER),
        (["cawg.identity.well-formed"], ["cawg.x509.signature.mismatch"], IdentityState.INVALID),
        ([], [], IdentityState.INVALID),
    ],
)
def test_each_identity_is_judged_by_its_own_codes(passed, failed, state):
    place = "self#jumbf=/c2pa/urn:a/c2pa.assertions/cawg.identity__1"
    elsewhere = {"code": "cawg.x509.signature.mismatch", "url": place.removesuffix("__1")}
    results = {
        "success": [{"code": code, "url": place} for code in passed],
        "failure": [elsewhere, *({"code": code, "url": place} for code in failed)],
    }
    data = {"verifiedIdentities": [{"username": "somebody"}], "sig_type": "cawg.identity_claims_aggregation"}
    report = {
        "active_manifest": "urn:a",
        "manifests": {"urn:a": {"assertions": [{"label": "cawg.identity__1", "data": data}]}},
        "validation_results": {"activeManifest": results},
    }
    expected = CawgIdentity(state, "somebody", "cawg.identity_claims_aggregation", tuple(failed))
    assert cawg_identities(report) == (expected,)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the public C2PA test files are not beside this checkout")
def test_the_public_file_with_an_identity_is_trusted_under_its_root(tmp_path):
    root = (FOLDER / "more" / "rs-test_cert_root_bundle.pem").read_text()
    store = ManifestStore(tmp_path / "store.sqlite3")
    found = read_credential(FOLDER / "more" / "rs-C_with_CAWG_data.jpg", TrustPolicy((root,)), store)
    assert (found.state, found.codes) == (CredentialState.TRUSTED, ())
    assert [one.state for one in found.identities] == [IdentityState.VALID_UNKNOWN_ISSUER]
