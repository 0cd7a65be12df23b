"""Attacks on signers, seals and folders through odd headers, spellings, races and modes, which once succeeded."""

from __future__ import annotations

import http.server
import io
import json
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from watermark import (
    CredentialState,
    Deployment,
    Identity,
    IdentityError,
    PayloadKind,
    SealError,
    SignCommand,
    StatementError,
    TimeStamping,
    TrustPolicy,
    encode_still,
    read_statement,
    seal_file,
    sign_statement,
)
from watermark.credential.credential import read_credential
from watermark.credential.signer_certificate import _boxes
from watermark.credential.signing import library_context, library_settings
from watermark.identity import certificates, identity_files
from watermark.identity import identity as identity_module
from watermark.identity.certificates import pem
from watermark.store.manifest_store import ManifestStore

from .test_trust_attacks import brought, forged_chain

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def created(source_type: str) -> list[dict]:
    return [
        {
            "label": "c2pa.actions.v2",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": source_type}]},
        }
    ]


class World:
    """A victim, a forger under another trusted root who copies names and serial number, and an unsigned picture."""

    def __init__(self, folder: Path, picture: np.ndarray) -> None:
        self.folder, self.source = folder, folder / "source.png"
        encode_still(picture, self.source)
        self.victim = certificates.issue_chain()
        self.forger = forged_chain(self.victim)
        self.anchors = (pem(self.victim.root), pem(self.forger.root))
        self.policy = TrustPolicy(self.anchors, (pem(self.victim.leaf),))
        self.store = ManifestStore(folder / "none.sqlite3")
        self.identities = {name: brought(folder / name, getattr(self, name)) for name in ("victim", "forger")}

    def sign(
        self, who: str, out: Path, assertions: list[dict], *, label: str | None = None, remote: str | None = None
    ) -> bytes:
        definition = {
            "claim_generator_info": [{"name": "x", "version": "1"}],
            "format": "image/png",
            "title": who,
            "assertions": assertions,
            **({"label": label} if label else {}),
        }
        identity = self.identities[who]
        assert identity.key_path is not None
        info = c2pa.C2paSignerInfo(b"es256", identity.chain_pem.encode(), identity.key_path.read_bytes(), None)
        with (
            c2pa.Builder(json.dumps(definition), context=library_context(library_settings(self.anchors))) as builder,
            c2pa.Signer.from_info(info) as signer,
            self.source.open("rb") as unsigned,
            out.open("w+b") as signed,
        ):
            if remote:
                builder.set_no_embed()
                builder.set_remote_url(remote)
            return bytes(builder.sign(signer, "image/png", unsigned, signed))


@pytest.fixture
def world(tmp_path: Path, pictures: dict[str, np.ndarray]) -> World:
    return World(tmp_path, pictures["cat"])


def find_chunk(data: bytes, kind: bytes) -> tuple[int, int]:
    at = 8
    while True:
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == kind:
            return at, size
        at += 12 + size


def with_chunk(data: bytes, content: bytes, kind: bytes = b"caBX") -> bytes:
    at, size = find_chunk(data, b"caBX")
    body = kind + content
    return (
        data[:at]
        + struct.pack(">I", len(content))
        + body
        + struct.pack(">I", zlib.crc32(body))
        + data[at + 12 + size :]
    )


def chunk(data: bytes) -> bytes:
    at, size = find_chunk(data, b"caBX")
    return data[at + 8 : at + 8 + size]


def head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    width, code = next((width, code) for width, code in ((1, 24), (2, 25), (4, 26)) if number < 1 << 8 * width)
    return bytes([major << 5 | code]) + number.to_bytes(width, "big")


def octets(content: bytes) -> bytes:
    return head(2, len(content)) + content


def text(content: str) -> bytes:
    return head(3, len(content)) + content.encode()


def array(*items: bytes) -> bytes:
    return head(4, len(items)) + b"".join(items)


def mapping(*pairs: tuple[bytes, bytes]) -> bytes:
    return head(5, len(pairs)) + b"".join(key + value for key, value in pairs)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


BIGNUM_33 = b"\xc2" + octets(b"\x21")  # the number 33 as RFC 8949, section 3.4.3 writes large numbers


@pytest.mark.parametrize("place", ["protected text", "unprotected number", "number that is no certificate"])
def test_a_header_that_only_the_library_takes_for_the_chain_does_not_hide_the_signer(world: World, place: str) -> None:
    path = world.folder / "forged.png"
    world.sign("forger", path, created(IPTC + "digitalCapture"))
    store = chunk(path.read_bytes())
    ((_, inside),) = _boxes(store)
    _, (_, manifest) = _boxes(inside)
    parts = {next(iter(_boxes(body)))[1][:4]: list(_boxes(body))[1][1] for kind, body in list(_boxes(manifest))[1:]}
    claim, signature = parts[b"c2cl"], parts[b"c2cs"]
    own = array(octets(der(world.forger.leaf)), octets(der(world.forger.issuing)))
    victim = array(octets(der(world.victim.leaf)))
    huge = array(b"\x1b\x00\x00\x00\x7f\xff\xff\xff\xff")
    protected_pairs, unprotected_pairs = {
        "protected text": ([(BIGNUM_33, own), (text("x5chain"), victim)], []),
        "unprotected number": ([(BIGNUM_33, own)], [(head(0, 33), victim)]),
        "number that is no certificate": ([(head(0, 33), own), (text("x5chain"), huge)], []),
    }[place]
    protected = mapping((head(0, 1), head(1, 6)), *protected_pairs)
    signed = array(text("Signature1"), octets(protected), octets(b""), octets(claim))
    r, s = decode_dss_signature(world.forger.leaf_key.sign(signed, ec.ECDSA(hashes.SHA256())))

    def message(padding: int) -> bytes:
        unprotected = mapping(*unprotected_pairs, (text("pad"), octets(bytes(padding))))
        return b"\xd2" + array(
            octets(protected), unprotected, b"\xf6", octets(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        )

    fresh = message(300 + len(signature) - len(message(300)))
    assert len(fresh) == len(signature)
    path.write_bytes(with_chunk(path.read_bytes(), store.replace(signature, fresh)))
    assert read_credential(path, TrustPolicy(world.anchors), world.store).state is CredentialState.TRUSTED
    assert read_credential(path, world.policy, world.store).state is CredentialState.VALID_UNKNOWN_SIGNER


@pytest.fixture
def two_faced() -> Iterator[tuple[str, list[bytes]]]:
    """Serve one answer to the first question, another to the next."""
    answers: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(200)
            self.send_header("Content-Type", "application/c2pa")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/m.c2pa", answers
        server.shutdown()


def test_a_server_that_answers_twice_differently_does_not_pass_for_an_allowed_signer(
    world: World, two_faced: tuple[str, list[bytes]]
) -> None:
    url, answers = two_faced
    genuine = world.sign("victim", world.folder / "v.png", created(IPTC + "digitalCapture"))
    with c2pa.Reader("application/c2pa", io.BytesIO(genuine)) as reader:
        label = json.loads(reader.json())["active_manifest"]
    path = world.folder / "forged.png"
    forged = world.sign("forger", path, created(IPTC + "digitalCapture"), label=label, remote=url)
    answers += [forged, genuine]
    online = replace(world.policy, offline=False)
    assert read_credential(path, online, world.store).state is CredentialState.VALID_UNKNOWN_SIGNER


@pytest.mark.parametrize("term", [
    IPTC + "trainedAlgorithmicMedia/", IPTC + "TrainedAlgorithmicMedia", "digsrctype:trainedAlgorithmicMedia",
    IPTC + "#trainedAlgorithmicMedia", IPTC + "trainedAlgorithmicMedia?lang=en", IPTC + "trainedAlgorithmicMedia ",
    "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData",
])  # fmt: skip
def test_other_spellings_of_generated_count(world: World, term: str) -> None:
    path = world.folder / "a.png"
    world.sign("victim", path, created(term))
    credential = read_credential(path, TrustPolicy(world.anchors), world.store)
    assert credential.state is CredentialState.TRUSTED
    assert credential.says_generated


@pytest.mark.parametrize("place", ["list", "id", "prefix", "schema", "template"])
def test_other_places_of_generated_count(world: World, place: str) -> None:
    term = IPTC + "trainedAlgorithmicMedia"
    vocabulary = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    context, key = {"@context": {"Iptc4xmpExt": vocabulary}}, "Iptc4xmpExt:DigitalSourceType"
    creative = {"@context": "https://schema.org", "@type": "CreativeWork", "digitalSourceType": term}
    metadata = {
        "list": ("cawg.metadata", {**context, key: [term]}),
        "id": ("cawg.metadata", {**context, key: {"@id": term}}),
        "prefix": ("cawg.metadata", {"@context": {"e": vocabulary}, "e:DigitalSourceType": term}),
        "schema": ("stds.schema-org.CreativeWork", creative),
    }
    assertions = created(IPTC + "digitalCapture")
    if place == "template":
        assertions[0]["data"]["actions"].append({"action": "x.y"})
        assertions[0]["data"]["templates"] = [{"action": "x.y", "digitalSourceType": term}]
    else:
        label, data = metadata[place]
        assertions.append({"label": label, "kind": "Json", "data": data})
    path = world.folder / "a.png"
    world.sign("victim", path, assertions)
    assert read_credential(path, TrustPolicy(world.anchors), world.store).says_generated


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["hidden", "altered", "elsewhere", "metadata"])
def test_what_once_said_generated_is_not_sealed_as_genuine(world: World, damage: str, deployment: Deployment) -> None:
    own = Deployment.open(world.folder / "home")
    path, out = world.folder / "a.png", world.folder / "control.png"
    remote = "http://example.invalid/m.c2pa" if damage == "elsewhere" else None
    world.sign("victim", path, created(IPTC + "trainedAlgorithmicMedia"), remote=remote)
    data = path.read_bytes()
    if damage == "hidden":
        path.write_bytes(with_chunk(data, chunk(data), b"caBY"))
    elif damage == "altered":
        path.write_bytes(
            with_chunk(data, chunk(data).replace(b"trainedAlgorithmicMedia", b"digitalCapture\0\0\0\0\0\0\0\0\0"))
        )
    elif damage == "metadata":
        seal_file(world.source, path, PayloadKind.GENERATED, deployment, force=True)
        data = path.read_bytes()
        at, size = find_chunk(data, b"caBX")
        path.write_bytes(data[:at] + data[at + 12 + size :])
    with pytest.raises(SealError):
        seal_file(path, out, PayloadKind.CONTROL, own)
    assert not out.exists()


@pytest.mark.slow
def test_a_generated_picture_turned_by_two_degrees_is_not_sealed_as_genuine(
    world: World, deployment: Deployment
) -> None:
    made, turned = world.folder / "made.png", world.folder / "turned.png"
    seal_file(world.source, made, PayloadKind.GENERATED, deployment, rng=np.random.default_rng(1))
    Image.open(made).convert("RGB").rotate(2, Image.Resampling.BICUBIC).save(turned)
    with pytest.raises(SealError, match="carries mark"):
        seal_file(turned, world.folder / "control.png", PayloadKind.CONTROL, deployment)


def test_a_statement_by_a_web_servers_certificate_is_no_proof(tmp_path: Path) -> None:
    chain, key = certificates.issue_chain(), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.org")])
    leaf = (
        certificates._builder(name, key, chain.issuing.subject, chain.issuing_key, 90)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=True)
        .sign(chain.issuing_key, hashes.SHA256())
    )
    (tmp_path / "key.pem").write_bytes(identity_files.private_pem(key))
    signer = Identity._of(leaf, pem(chain.root), pem(leaf, chain.issuing), tmp_path / "key.pem", None, None)
    with pytest.raises(StatementError):
        read_statement(sign_statement(b"x", signer), TrustPolicy((pem(chain.root),)))


@pytest.mark.parametrize("name", ["manifests.sqlite3-wal", "manifests.sqlite3-shm"])
def test_a_journal_of_the_store_that_others_may_write_is_refused(tmp_path: Path, name: str) -> None:
    home = Deployment.open(tmp_path / "home").folder
    (home / name).touch()
    (home / name).chmod(0o666)
    with pytest.raises(IdentityError, match="can be changed by others"):
        Deployment.open(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", [".", "anchors.pem"])
def test_root_refuses_what_belongs_to_another_user(tmp_path: Path, name: str) -> None:
    home = Deployment.open(tmp_path / "home").folder
    (home / "anchors.pem").write_text(Deployment.open(home).identity.root_pem)
    os.chown(home / name, 12345, 12345)
    with pytest.raises(IdentityError, match="belongs to user 12345"):
        Deployment.open(home)


@pytest.mark.parametrize("name", ["home", "anchors.pem", "identity"])
def test_what_lies_in_a_folder_that_others_may_write_is_refused(tmp_path: Path, name: str) -> None:
    public = tmp_path / "public"
    public.mkdir()
    home = (public if name == "home" else tmp_path) / "home"
    root = Deployment.open(home).identity.root_pem
    if name == "anchors.pem":
        (public / name).write_text(root)
        (home / name).symlink_to(public / name)
    if name == "identity":
        (home / name).rename(public / name)
        (home / name).symlink_to(public / name)
    Deployment.open(home)
    public.chmod(0o777)
    with pytest.raises(IdentityError):
        Deployment.open(home)


@pytest.mark.parametrize("stamping", [None, TimeStamping("http://example.org")])
def test_an_identity_is_made_under_the_umask_of_a_private_group(tmp_path: Path, stamping: TimeStamping | None) -> None:
    before = os.umask(0o002)
    try:
        Identity.create(tmp_path / "above" / "home" / "identity", stamping)
        assert Deployment.open(tmp_path / "above" / "home").identity.time_stamping == stamping
        assert not (tmp_path / "above").stat().st_mode & 0o022
    finally:
        os.umask(before)


def test_a_signing_program_that_others_may_write_is_refused(world: World) -> None:
    key = world.identities["victim"].key_path
    program = world.folder / "sign"
    program.write_text(
        f"#!{os.sys.executable}\nimport sys\nfrom cryptography.hazmat.primitives.asymmetric import ec\n"
        "from cryptography.hazmat.primitives import hashes, serialization\n"
        f"key = serialization.load_pem_private_key(open({str(key)!r}, 'rb').read(), None)\n"
        "sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read(), ec.ECDSA(hashes.SHA256())))\n"
    )
    program.chmod(0o755)
    victim = world.identities["victim"]
    place = world.folder / "delegated" / "identity"
    place.parent.mkdir(mode=0o700)
    Identity.delegate(place, victim.chain_pem, victim.root_pem, SignCommand.of(str(program)))
    program.chmod(0o777)
    with pytest.raises(IdentityError):
        Identity.load(place)


def test_a_file_that_points_to_a_credential_on_the_network_says_so(world: World) -> None:
    path = world.folder / "a.png"
    world.sign("victim", path, created(IPTC + "trainedAlgorithmicMedia"), remote="http://example.invalid/m.c2pa")
    assert read_credential(path, world.policy, world.store).codes == ("org.facetrail.remoteManifest.notFetched",)


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    home = Deployment.open(tmp_path / "home").folder
    (home / "identity" / "issuing_key.pem").unlink()
    return home / "identity"


def test_a_full_disk_at_the_last_step_of_a_renewal_does_not_end_all_renewals(
    old_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = identity_files.write_private

    def full(path: Path, content: bytes) -> None:
        if "issuing_key" in path.name:
            path.touch(0o600)
            raise OSError(28, "No space left on device")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(identity_files, "write_private", full)
        with pytest.raises(IdentityError, match="No space left"):
            Identity.renew(old_home)
    Identity.renew(old_home)


def test_two_renewals_at_once_leave_a_chain_that_can_be_renewed(
    old_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_whole, entered = identity_module.replace_whole, []

    def racing(path: Path, content: str) -> None:
        if path.name == "chain.pem" and not entered:
            entered.append(path)
            with pytest.raises(IdentityError):
                Identity.renew(old_home)
                raise IdentityError("the other one was faster")
        replace_whole(path, content)

    monkeypatch.setattr(identity_module, "replace_whole", racing)
    with suppress(IdentityError):
        Identity.renew(old_home)
    monkeypatch.setattr(identity_module, "replace_whole", replace_whole)
    found = Identity.renew(old_home)
    leaf, issuing = certificates.read_pem(found.chain_pem, "the chain")
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(certificates.read_pem(found.root_pem, "the root")[0])


def test_a_renewal_with_another_authoritys_key_is_refused(tmp_path: Path) -> None:
    home, other = (Deployment.open(tmp_path / name).folder / "identity" for name in ("a", "b"))
    (home / "issuing_key.pem").write_bytes((other / "issuing_key.pem").read_bytes())
    before = (home / "chain.pem").read_bytes()
    with pytest.raises(IdentityError):
        Identity.renew(home)
    assert (home / "chain.pem").read_bytes() == before


def test_a_renewal_that_was_cut_off_leaves_no_private_key_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Deployment.open(tmp_path / "home").folder / "identity"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(identity_module, "replace_whole", die)
        with pytest.raises(KeyboardInterrupt):
            Identity.renew(folder)
    Identity.renew(folder)
    assert len(list(folder.glob("leaf_key*.pem"))) == 1


def test_report_replaces_no_file_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forensics.cli.main import main

    precious = tmp_path / "photo.png"
    precious.write_bytes(b"precious")
    assert main(["report", str(tmp_path), "-o", str(precious), "--home", str(tmp_path / "home")]) == 1
    assert "is there already" in capsys.readouterr().err
