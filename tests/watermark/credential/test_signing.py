from __future__ import annotations

import datetime as dt
import hashlib
import http.server
import json
import threading
import time
from dataclasses import dataclass, replace

import pytest
from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from watermark import (
    Claim,
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    ManifestStore,
    Payload,
    PayloadKind,
    SealError,
    TimeStamping,
    TimeStampOutcome,
    TrustError,
    TrustPolicy,
    mark,
    seal,
    verify_file,
)
from watermark.credential.credential import read_credential, signature_holds
from watermark.identity.certificates import CLAIM_SIGNING, SIGNING_USES, pem

KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@dataclass
class Chain:
    root: x509.Certificate
    issuing: x509.Certificate
    leaf: x509.Certificate
    key: object
    issuing_key: object

    @property
    def pem(self):
        return pem(self.leaf, self.issuing)

    @property
    def key_pem(self):
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def name_of(role, organisation="Studio"):
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, f"Studio {role}")]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def certificate(subject, key, issuer, issuer_key, *, uses=None, authority=False, lasts=dt.timedelta(days=90), aki=True):
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(authority, None), True)
        .add_extension(
            x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False), True
        )
    )
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), True)
    if aki:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(identifier, False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_chain(kind="es256", **leaf):
    root_key, issuing_key, key = ec.generate_private_key(ec.SECP256R1()), KEYS["es256"](), KEYS[kind]()
    subject = leaf.pop("subject", name_of("signer"))
    root = certificate(name_of("root"), root_key, name_of("root"), root_key, authority=True)
    issuing = certificate(name_of("CA"), issuing_key, name_of("root"), root_key, authority=True)
    own = certificate(subject, key, name_of("CA"), issuing_key, **{"uses": SIGNING_USES, **leaf})
    return Chain(root, issuing, own, key, issuing_key)


@pytest.fixture
def shop(tmp_path, deployment, pictures):
    """Return a function that seals a picture with any identity to a separate store."""

    def make(identity, name="a.png"):
        own = replace(deployment, identity=identity, store=ManifestStore(tmp_path / "store.sqlite3"))
        payload = Payload(77, PayloadKind.GENERATED)
        claim = Claim(payload, name, "facetrail test", "1")
        return own, seal(mark(pictures["face"], payload, own.mark_key), tmp_path / name, claim, own)

    return make


def sign_as(key, *, der):
    """Sign like a key service (DER) or a hardware module (r and s side by side)."""

    def sign(content):
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(content)
        signature = key.sign(content, ec.ECDSA(hashes.SHA384() if key.key_size == 384 else hashes.SHA256()))
        if der:
            return signature
        return b"".join(part.to_bytes(key.key_size // 8, "big") for part in decode_dss_signature(signature))

    return sign


@pytest.mark.parametrize("kind", KEYS)
def test_a_chain_that_somebody_brings_signs_with_its_own_algorithm(tmp_path, shop, kind):
    chain = make_chain(kind)
    identity = Identity.bring(tmp_path / "identity", chain.pem, pem(chain.root), chain.key_pem)
    assert identity.algorithm == kind
    assert identity.key_path.stat().st_mode & 0o777 == 0o600
    assert Identity.load(tmp_path / "identity") == identity
    _, receipt = shop(identity)
    assert (receipt.credential.state, receipt.credential.signer) == (CredentialState.TRUSTED, "Studio signer")


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("der", [True, False])
def test_a_key_that_never_leaves_its_module_signs_through_a_callback(shop, kind, der):
    chain = make_chain(kind)
    identity = Identity.remote(chain.pem, pem(chain.root), sign_as(chain.key, der=der))
    _, receipt = shop(identity)
    assert receipt.credential.state is CredentialState.TRUSTED


def test_a_callback_with_another_key_is_refused_and_leaves_nothing(tmp_path, shop):
    chain = make_chain()
    identity = Identity.remote(chain.pem, pem(chain.root), sign_as(KEYS["es256"](), der=True))
    with pytest.raises(IdentityError, match="remote key's signature does not verify under its certificate"):
        shop(identity)
    assert not list(tmp_path.glob("*.png"))


def test_a_callback_that_fails_says_why(shop):
    def unplugged(content):
        raise ConnectionError("token is not present")

    chain = make_chain()
    with pytest.raises(IdentityError, match=r"the remote key cannot sign \(token is not present\)"):
        shop(Identity.remote(chain.pem, pem(chain.root), unplugged))


@pytest.mark.parametrize(
    ("flaw", "message"),
    [
        ({"uses": [ExtendedKeyUsageOID.SERVER_AUTH]}, "lacks the extended key usage claim signing or email protection"),
        ({"uses": None}, "lacks the extended key usage"),
        ({"aki": False}, "lacks an authority key identifier"),
        ({"authority": True}, "is a certificate authority"),
        ({"subject": name_of("signer", organisation=None)}, "names no organisation"),
        ({"lasts": dt.timedelta(minutes=-1)}, "expired on"),
    ],
)
def test_a_leaf_outside_the_profile_is_refused_before_it_signs(tmp_path, flaw, message):
    chain = make_chain(**flaw)
    with pytest.raises(IdentityError, match=message):
        Identity.bring(tmp_path / "identity", chain.pem, pem(chain.root), chain.key_pem)
    assert list(tmp_path.iterdir()) == []


def test_a_chain_whose_links_or_key_do_not_fit_is_refused(tmp_path):
    chain, other = make_chain(), make_chain()
    with pytest.raises(IdentityError, match=r"Studio CA.* was not issued by .*Studio root"):
        Identity.bring(tmp_path / "i", chain.pem, pem(other.root), chain.key_pem)
    with pytest.raises(IdentityError, match="private key is another certificate's"):
        Identity.bring(tmp_path / "i", chain.pem, pem(chain.root), other.key_pem)
    with pytest.raises(IdentityError, match="PEM without a password"):
        Identity.bring(tmp_path / "i", chain.pem, pem(chain.root), b"nonsense")
    with pytest.raises(IdentityError, match="the chain: is no PEM certificate"):
        Identity.bring(tmp_path / "i", "nonsense", pem(chain.root), chain.key_pem)
    assert list(tmp_path.iterdir()) == []


def test_a_policy_may_name_the_signers_it_allows(tmp_path, shop):
    chain = make_chain()
    key = KEYS["es256"]()
    uses = [CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    colleague = certificate(name_of("colleague"), key, chain.issuing.subject, chain.issuing_key, uses=uses)
    own, receipt = shop(Identity.remote(chain.pem, pem(chain.root), sign_as(chain.key, der=True)))
    anchors = (pem(chain.root),)
    assert verify_file(receipt.path, own, TrustPolicy(anchors)).state is CredentialState.TRUSTED
    assert verify_file(receipt.path, own, TrustPolicy(anchors, (pem(colleague), pem(chain.leaf)))).signer
    with pytest.raises(TrustError, match="valid unknown signer") as caught:
        verify_file(receipt.path, own, TrustPolicy(anchors, (pem(colleague),)))
    assert caught.value.codes == ("org.facetrail.signer.notAllowed",)
    (entry,) = own.store.find("00000000004d")
    assert signature_holds(entry, TrustPolicy(anchors))
    assert not signature_holds(entry, TrustPolicy((pem(make_chain().root),)))


def a_bundle_with(*wanted):
    """Return a bundle like a published trust list: names in words, other roots first, and line ends of Windows."""
    others = [make_chain().root for _ in range(2)]
    parts = (
        f"Subject\tCN=Wurzel für Prüfungen {number}\n{pem(one)}\n" for number, one in enumerate((*others, *wanted))
    )
    return "".join(parts).replace("\n", "\r\n")


def test_a_bundle_of_several_roots_is_trusted_when_reading(shop, deployment, tmp_path):
    chain = make_chain()
    own, receipt = shop(Identity.bring(tmp_path / "identity", chain.pem, pem(chain.root), chain.key_pem))
    other = folder_with_anchors(tmp_path, a_bundle_with(chain.root))
    with_bundle = Deployment.open(other)
    for policy in (TrustPolicy((a_bundle_with(chain.root),)), with_bundle.trust):
        assert read_credential(receipt.path, policy, own.store).state is CredentialState.TRUSTED
    unknown = read_credential(receipt.path, TrustPolicy((a_bundle_with(),)), own.store)
    assert unknown.state is CredentialState.VALID_UNKNOWN_SIGNER
    pinned = TrustPolicy((a_bundle_with(chain.root),), allowed_signers=(chain.pem,))
    assert read_credential(receipt.path, pinned, own.store).state is CredentialState.TRUSTED


def folder_with_anchors(tmp_path, text):
    """Return the folder of an installation whose `anchors.pem` holds a text."""
    folder = tmp_path / "with anchors"
    Deployment.open(folder)
    (folder / "anchors.pem").write_text(text, "utf-8", newline="")
    return folder


def test_an_identity_takes_the_root_its_chain_leads_to_from_a_bundle(shop, tmp_path):
    chain = make_chain()
    bundle = a_bundle_with(chain.root, make_chain().root)
    identity = Identity.bring(tmp_path / "identity", chain.pem, bundle, chain.key_pem)
    assert identity.root_pem == pem(chain.root)
    assert Identity.load(tmp_path / "identity").root_pem == pem(chain.root)
    remote = Identity.remote(chain.pem, bundle, sign_as(chain.key, der=True))
    assert remote.root_pem == pem(chain.root)
    assert shop(remote)[1].credential.state is CredentialState.TRUSTED
    with pytest.raises(IdentityError, match="was not issued by"):
        Identity.bring(tmp_path / "other", chain.pem, a_bundle_with(), chain.key_pem)


def test_verifying_raises_for_every_state_but_trusted(shop, deployment, pictures, tmp_path):
    own, receipt = shop(deployment.identity)
    with pytest.raises(TrustError, match="valid unknown signer"):
        verify_file(receipt.path, own, TrustPolicy(()))
    data = bytearray(receipt.path.read_bytes())
    data[-40] ^= 1
    (tmp_path / "b.png").write_bytes(data)
    with pytest.raises(TrustError, match=r"b\.png: the credential is altered"):
        verify_file(tmp_path / "b.png", own)
    from watermark import encode_still

    encode_still(pictures["cat"], tmp_path / "c.png")
    with pytest.raises(TrustError, match="the credential is absent"):
        verify_file(tmp_path / "c.png", own)


class Authority(http.server.BaseHTTPRequestHandler):
    """A time-stamp authority (RFC 3161) on this computer."""

    key = rsa.generate_private_key(65537, 2048)
    issuer_key = rsa.generate_private_key(65537, 2048)
    root = certificate(name_of("TSA root"), issuer_key, name_of("TSA root"), issuer_key, authority=True)
    leaf = certificate(name_of("TSA"), key, name_of("TSA root"), issuer_key, uses=[ExtendedKeyUsageOID.TIME_STAMPING])

    def do_POST(self):
        asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.stamp(asked)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def stamp(self, asked):
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": asked["message_imprint"],
                "serial_number": x509.random_serial_number(),
                "gen_time": dt.datetime.now(dt.UTC).replace(microsecond=0),
                "nonce": asked["nonce"],
            }
        )
        own = [
            asn1_x509.Certificate.load(one.public_bytes(serialization.Encoding.DER)) for one in (self.leaf, self.root)
        ]
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(own[0].dump()).digest()})
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]},
                {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [identifier]})]},
            ]
        )
        signature = self.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {
                    "issuer_and_serial_number": {
                        "issuer": own[0].issuer,
                        "serial_number": own[0].serial_number,
                    }
                },
                "digest_algorithm": sha256,
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_rsa"},
                "signature": signature,
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [sha256],
                "encap_content_info": {"content_type": "tst_info", "content": info},
                "certificates": own,
                "signer_infos": [signer],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()

    def log_message(self, *_):
        """Write no log."""


@pytest.fixture
def authority():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Authority) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def silence():
    """Return an address at which no server answers."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
    address = f"http://127.0.0.1:{server.server_port}/"
    server.server_close()
    return address


def test_an_authority_that_answers_stamps_the_signature(tmp_path, shop, authority):
    stamping = TimeStamping(authority, anchor_pem=pem(Authority.root))
    identity = Identity.create(tmp_path / "identity", stamping)
    assert Identity.load(tmp_path / "identity").time_stamping == stamping
    _, receipt = shop(identity)
    assert receipt.time_stamp is TimeStampOutcome.STAMPED
    stamped = dt.datetime.fromisoformat(receipt.credential.signed_at)
    assert abs(dt.datetime.now(dt.UTC) - stamped) < dt.timedelta(minutes=2)
    assert "org.facetrail.time-stamp" not in receipt.credential.manifest_json


def test_an_authority_that_is_silent_is_passed_over_and_the_manifest_says_so(tmp_path, shop, silence):
    _, receipt = shop(Identity.create(tmp_path / "identity", TimeStamping(silence)))
    assert receipt.time_stamp is TimeStampOutcome.UNAVAILABLE
    assert (receipt.credential.state, receipt.credential.signed_at) == (CredentialState.TRUSTED, None)
    report = json.loads(receipt.credential.manifest_json)
    assertions = report["manifests"][report["active_manifest"]]["assertions"]
    note = next(one["data"] for one in assertions if one["label"] == "org.facetrail.time-stamp")
    assert note == {"authority": silence, "outcome": "unavailable"}


def test_a_required_authority_that_is_silent_leaves_no_file(tmp_path, shop, silence):
    identity = Identity.create(tmp_path / "identity", TimeStamping(silence, required=True))
    with pytest.raises(SealError, match=r"time-stamp authority http://.* is asked for and required"):
        shop(identity)
    assert not list(tmp_path.glob("*.png"))


def test_an_address_or_settings_that_are_no_authority_are_refused(tmp_path):
    with pytest.raises(IdentityError, match="give an http or https address"):
        TimeStamping("ftp://example.org")
    (tmp_path / "t.json").write_text("{broken")
    with pytest.raises(IdentityError, match=r"t\.json: cannot be read .* remove it to sign without"):
        TimeStamping.load(tmp_path / "t.json")


@pytest.mark.slow
def test_only_a_time_stamp_outlives_the_leaf(tmp_path, shop, authority):
    """The library reads the computer's clock, so the leaf has to expire in real time."""
    chain = make_chain(lasts=dt.timedelta(seconds=4))
    plain = Identity.remote(chain.pem, pem(chain.root), sign_as(chain.key, der=True))
    stamped = replace(plain, time_stamping=TimeStamping(authority, anchor_pem=pem(Authority.root)))
    stranger = replace(plain, time_stamping=TimeStamping(authority))
    files = [(identity, *shop(identity, f"{index}.png")) for index, identity in enumerate((plain, stamped, stranger))]
    assert all(receipt.credential.state is CredentialState.TRUSTED for _, _, receipt in files)
    time.sleep(max((chain.leaf.not_valid_after_utc - dt.datetime.now(dt.UTC)).total_seconds() + 1, 0))
    read = [read_credential(receipt.path, TrustPolicy(who.anchors), own.store) for who, own, receipt in files]
    assert [one.state for one in read] == [
        CredentialState.VALID_UNKNOWN_SIGNER,
        CredentialState.TRUSTED,
        CredentialState.VALID_UNKNOWN_SIGNER,
    ]
    assert "signingCredential.expired" in read[0].codes
    (entry,) = [one for one in files[0][1].store.find("00000000004d") if one.title == "0.png"]
    assert signature_holds(entry, TrustPolicy(plain.anchors))  # the marks of its pictures still count as ours
