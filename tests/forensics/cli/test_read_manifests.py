"""`facetrail read --detailed` and the manifests of `read --json`."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image
from skimage.data import astronaut

from forensics.cli.main import main
from watermark import CredentialState, OwnAssertion, PayloadKind, manifest_notes, read_credential_beside, sign_unchanged


@pytest.fixture(scope="module")
def signed(deployment, tmp_path_factory):
    """A file whose credential has an earlier one as its ingredient."""
    folder = tmp_path_factory.mktemp("signed")
    Image.fromarray(astronaut()[:64, :64]).save(folder / "photo.jpg")
    own = OwnAssertion("org.example.note", {"text": "caf\u00e9 \x1b[31mred", "deep": [{"one": 1}]})
    sign_unchanged(
        folder / "photo.jpg", folder / "once.jpg", PayloadKind.CAPTURED, deployment, assertions=(own,), thumbnail=True
    )
    sign_unchanged(folder / "once.jpg", folder / "twice.jpg", PayloadKind.EDITED, deployment)
    return folder / "twice.jpg"


def test_json_lists_every_manifest_with_assertions_ingredients_and_proven_certificates(signed, deployment, capsys):
    assert main(["read", str(signed), "--json", "--home", str(deployment.folder)]) == 0
    active, earlier = json.loads(capsys.readouterr().out)["results"][0]["manifests"]
    (ingredient,) = active["ingredients"]
    assert (ingredient["relationship"], ingredient["manifest"]) == ("parentOf", earlier["label"])
    assert (active["has_thumbnail"], earlier["has_thumbnail"]) == (False, True)
    data = {one["label"]: one["data"] for one in earlier["assertions"]}
    assert data["org.example.note"]["deep"] == [{"one": 1}]
    chain = x509.load_pem_x509_certificates(deployment.identity.chain_pem.encode())
    expected = [one.fingerprint(hashes.SHA256()).hex() for one in chain]
    for manifest in (active, earlier):
        assert [one["fingerprint"] for one in manifest["certificates"]] == expected
        assert manifest["certificates"][0]["issuer"] == manifest["certificates"][1]["subject"]


def test_detailed_text_shows_the_same_and_hides_no_terminal_command(signed, deployment, capsys):
    assert main(["read", str(signed), "--home", str(deployment.folder)]) == 0
    short = capsys.readouterr().out
    assert main(["read", str(signed), "--detailed", "--home", str(deployment.folder)]) == 0
    text = capsys.readouterr().out
    assert text.startswith(short.rstrip("\n"))
    assert text.count("\n  manifest    ") == 2
    assert deployment.identity.fingerprint in text.removeprefix(short)
    assert "caf\u00e9" in text
    assert "\x1b" not in text


def test_a_signature_that_another_key_made_proves_no_certificate(deployment, tmp_path):
    """Another key in the signer's certificate, with every name as it was, is not shown as the signer's."""
    Image.fromarray(astronaut()[:64, :64]).save(tmp_path / "p.png")
    beside = tmp_path / "p.c2pa"
    sign_unchanged(tmp_path / "p.png", beside, PayloadKind.CAPTURED, deployment, sidecar=True)
    content = beside.read_bytes()
    leaf = x509.load_pem_x509_certificates(deployment.identity.chain_pem.encode())[0]
    point = leaf.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert content.count(point) == 1
    beside.write_bytes(content.replace(point, other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)))
    credential = read_credential_beside(tmp_path / "p.png", beside, deployment.trust)
    assert credential.state is not CredentialState.TRUSTED
    (note,) = manifest_notes(credential)
    assert note.certificates == ()


def test_manifests_of_a_sidecar_are_listed_too(signed, deployment, tmp_path):
    Image.fromarray(astronaut()[:64, :64]).save(tmp_path / "p.png")
    beside = tmp_path / "p.c2pa"
    sign_unchanged(tmp_path / "p.png", beside, PayloadKind.CAPTURED, deployment, sidecar=True)
    (note,) = manifest_notes(read_credential_beside(tmp_path / "p.png", beside, deployment.trust))
    assert note.certificates[0].fingerprint == deployment.identity.fingerprint
