"""Update manifests, redactions and CAWG identities: what the library can write, and what must never be written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

from watermark import (
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    IdentityState,
    NamedIdentity,
    OwnAssertion,
    PayloadKind,
    SealError,
    SignCommand,
    manifest_notes,
    sign_unchanged,
    update_credential,
)
from watermark.credential.credential import read_credential

NOTE = OwnAssertion("org.example.note", {"name": "a-very-private-name"})


@pytest.fixture
def signed(tmp_path, pictures, deployment):
    def make(suffix, **options):
        Image.fromarray(pictures["cat"]).save(tmp_path / f"p{suffix}")
        out = tmp_path / f"signed{suffix}"
        sign_unchanged(tmp_path / f"p{suffix}", out, PayloadKind.CAPTURED, deployment, assertions=(NOTE,), **options)
        return out

    return make


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".avif"])
def test_an_update_adds_an_assertion_and_leaves_the_earlier_manifest(signed, suffix, deployment, tmp_path):
    source, out = signed(suffix), tmp_path / f"updated{suffix}"
    added = OwnAssertion("org.example.licence", {"url": "https://example.org"})
    receipt = update_credential(source, out, deployment, assertions=(added,))
    assert receipt.credential.state is CredentialState.TRUSTED
    active, earlier = manifest_notes(read_credential(out, deployment.trust, deployment.store))
    assert added in active.assertions
    assert NOTE in earlier.assertions
    assert not any(one.label.startswith("c2pa.hash") for one in active.assertions)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_is_redacted_is_nowhere_in_the_file_and_the_redaction_is_seen(signed, suffix, deployment, tmp_path):
    source, out = signed(suffix), tmp_path / f"redacted{suffix}"
    assert source.read_bytes().count(b"a-very-private-name") == 1
    update_credential(source, out, deployment, redact=(NOTE.label,), reason="personal-data")
    assert b"a-very-private-name" not in out.read_bytes()
    active, earlier = manifest_notes(read_credential(out, deployment.trust, deployment.store))
    assert [one.endswith(f"{earlier.label}/c2pa.assertions/{NOTE.label}") for one in active.redactions] == [True]
    assert NOTE.label not in [one.label for one in earlier.assertions]
    assert "c2pa.PII.present" in json.dumps([one.data for one in active.assertions])


def test_a_change_of_the_content_still_shows_after_an_update(signed, deployment, tmp_path):
    source, out = signed(".png"), tmp_path / "updated.png"
    update_credential(source, out, deployment, redact=(NOTE.label,), reason="invalid-data")
    content = bytearray(out.read_bytes())
    place = content.index(b"IDAT") + 40
    content[place] ^= 1
    out.write_bytes(content)
    assert read_credential(out, deployment.trust, deployment.store).state is CredentialState.ALTERED


def test_what_the_library_writes_wrongly_leaves_no_file(signed, deployment, tmp_path):
    """Version 0.91 writes updates of TIFF and redactions in ISO media that do not hold."""
    for suffix, redact in ((".tiff", ()), (".avif", (NOTE.label,))):
        out = tmp_path / f"out{suffix}"
        assertions = () if redact else (OwnAssertion("org.example.more", {"a": 1}),)
        reason = "personal-data" if redact else None
        with pytest.raises(SealError, match="library cannot write"):
            update_credential(signed(suffix), out, deployment, assertions=assertions, redact=redact, reason=reason)
        assert not out.exists()


@pytest.mark.parametrize("label", ["c2pa.actions.v2", "c2pa.hash.data", "c2pa.ingredient.v3", "org.example.none"])
def test_what_holds_the_credential_together_is_never_redacted(signed, label, deployment, tmp_path):
    with pytest.raises(SealError, match=r"can never be redacted|has no assertion"):
        update_credential(signed(".jpg"), tmp_path / "o.jpg", deployment, redact=(label,), reason="confidential")


def test_what_says_that_a_machine_made_the_file_is_never_redacted(pictures, deployment, tmp_path):
    """An attack: take the disclosure out, and sign the rest as if nothing had been said."""
    Image.fromarray(pictures["cat"]).save(tmp_path / "p.jpg")
    uri = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    told = OwnAssertion("cawg.metadata", {"@context": {"I": "http://i"}, "I:DigitalSourceType": uri})
    source = tmp_path / "s.jpg"
    sign_unchanged(tmp_path / "p.jpg", source, PayloadKind.GENERATED, deployment, assertions=(told,))
    with pytest.raises(SealError, match="is not taken out"):
        update_credential(source, tmp_path / "o.jpg", deployment, redact=(told.label,), reason="trade-secret")
    update_credential(source, tmp_path / "o.jpg", deployment, redact=("cawg.training-mining",), reason="trade-secret")
    assert read_credential(tmp_path / "o.jpg", deployment.trust, deployment.store).says_generated
    with pytest.raises(SealError, match="says that a machine made"):
        sign_unchanged(tmp_path / "o.jpg", tmp_path / "q.jpg", PayloadKind.CAPTURED, deployment)


def test_an_unsigned_or_altered_file_is_not_updated(signed, pictures, deployment, tmp_path):
    Image.fromarray(pictures["cat"]).save(tmp_path / "plain.jpg")
    altered = signed(".jpg")
    altered.write_bytes(altered.read_bytes()[:-2] + b"\0\0")
    for source in (tmp_path / "plain.jpg", altered):
        with pytest.raises(SealError, match="only one that holds can be updated"):
            update_credential(source, tmp_path / "o.jpg", deployment, assertions=(NOTE,))


@pytest.fixture(scope="module")
def ann(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ann") / "identity"
    return Identity.create(folder, name="Ann")


def test_a_cawg_identity_is_written_and_known_by_its_own_roots_alone(signed, ann, deployment):
    named = NamedIdentity(ann.chain_pem, ann.key_path, ("cawg.creator",))
    path = signed(".jpg", named=named)
    own = read_credential(path, deployment.trust, deployment.store)
    (unknown,) = own.identities
    assert (own.state, unknown.state) == (CredentialState.TRUSTED, IdentityState.VALID_UNKNOWN_ISSUER)
    policy = replace(deployment.trust, identity_roots=(ann.root_pem,))
    (known,) = read_credential(path, policy, deployment.store).identities
    assert (known.state, known.name) == (IdentityState.TRUSTED, "Ann (local claim signer)")
    data = next(
        one.data for note in manifest_notes(own) for one in note.assertions if one.label.startswith("cawg.identity")
    )
    urls = [one["url"] for one in data["signer_payload"]["referenced_assertions"]]
    assert any(url.endswith(NOTE.label) for url in urls)


def test_roots_of_identities_make_no_signer_known(signed, deployment, tmp_path):
    """An attack: the library (0.91) trusts claims under roots that were given for CAWG identities."""
    path = signed(".jpg")
    reader = Deployment.open(tmp_path / "reader")
    policy = replace(reader.trust, identity_roots=(deployment.identity.root_pem,))
    credential = read_credential(path, policy, reader.store)
    assert credential.state is CredentialState.VALID_UNKNOWN_SIGNER
    assert "org.facetrail.signer.notForClaims" in credential.codes


def test_a_signer_behind_a_program_cannot_name_a_cawg_identity(signed, ann, deployment, tmp_path, pictures):
    elsewhere = replace(deployment.identity, key_path=None, remote_key=SignCommand.of("/bin/false"))
    Image.fromarray(pictures["cat"]).save(tmp_path / "p.jpg")
    named = NamedIdentity(ann.chain_pem, ann.key_path)
    with pytest.raises(IdentityError, match="key files alone"):
        sign_unchanged(
            tmp_path / "p.jpg",
            tmp_path / "o.jpg",
            PayloadKind.CAPTURED,
            replace(deployment, identity=elsewhere),
            named=named,
        )
    assert not (tmp_path / "o.jpg").exists()
