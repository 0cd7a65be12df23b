"""Read the C2PA credential of a file, and determine its state.

The library alone does not answer three questions, so this module does:

* A damaged container can hide a manifest from the library. Where the bytes still hold pieces of one, the file is
  ALTERED, not ABSENT.
* Some bytes lie outside every hash (the MP4 `ftyp` box, padding in the signature). A file that facetrail sealed must be
  framed as facetrail frames files, see `layout`, else it is ALTERED too. For other programs' files those few bytes stay
  unprotected.
* A file sealed here must equal the digest in the manifest store.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Literal

import c2pa
from cryptography.hazmat.primitives import hashes

from watermark.errors import MediaError, StoreError
from watermark.identity.certificates import pem
from watermark.identity.trust import TrustPolicy
from watermark.media.containers import SIDECAR_SUFFIX, Container, open_file, sniff
from watermark.media.files import file_hash
from watermark.store.manifest_store import StoreEntry
from watermark.store.perceptual_hash import SAME_PICTURE
from watermark.store.store import Store

from .cawg_identity import CAWG_CODES, CawgIdentity, IdentityState, cawg_identities
from .embedded_manifest import LayoutError
from .layout import FRAMED, LAYOUT_ASSERTION, check_layout
from .manifest import GENERATOR
from .signer_certificate import signer_chains
from .signing import library_context, library_settings
from .source_types import GENERATED_SOURCE_TYPES, source_types_of, term

_LOG = logging.getLogger(__name__)

CODE_HIDDEN = "org.facetrail.manifest.unreadable"
CODE_LAYOUT = "org.facetrail.layout.mismatch"
CODE_DIGEST = "org.facetrail.fileDigest.mismatch"
CODE_LOOKS_ALIKE = "org.facetrail.perceptualHash.match"
CODE_LOOKS_DIFFERENT = "org.facetrail.perceptualHash.mismatch"
CODE_NOT_ALLOWED = "org.facetrail.signer.notAllowed"
CODE_NOT_FOR_CLAIMS = "org.facetrail.signer.notForClaims"
CODE_CONTENT_NOT_CHECKED = "org.facetrail.content.notChecked"
CODE_NOT_FETCHED = "org.facetrail.remoteManifest.notFetched"

# A signer we do not know, or knew once: nothing in the file is wrong.
_SIGNER_CODES = frozenset({"signingCredential.untrusted", "signingCredential.expired"})

_SIGNER_TRUSTED = "signingCredential.trusted"
_CLAIM_HOLDS = "claimSignature.validated"

# A manifest without its file cannot match it.
_MANIFEST_TYPE = "application/c2pa"
_BINDING_CODES = frozenset(
    {
        "assertion.dataHash.mismatch",
        "assertion.bmffHash.mismatch",
        "assertion.boxesHash.mismatch",
        "assertion.collectionHash.mismatch",
    }
)

# Every box of a manifest store begins with a JUMBF description whose type is one of these and ends alike (ISO 19566-5).
_BOX_TYPES = (b"c2pa", b"c2ma", b"c2as", b"c2cl", b"c2cs")
_BOX_HEAD, _BOX_TAIL = b"jumd", b"\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq"


def _in_base64(content: bytes) -> Iterator[bytes]:
    """Yield the three ways in which base64 writes some bytes, without the characters that their neighbours change."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + content)
        yield written[-(-8 * before // 6) : 8 * (before + len(content)) // 6]


_BOX_HEADS = [_BOX_HEAD + kind + _BOX_TAIL for kind in _BOX_TYPES]
# An SVG holds the manifest store as base64.
_MANIFEST_BOX = re.compile(b"|".join(re.escape(one) for head in _BOX_HEADS for one in (head, *_in_base64(head))))


class CredentialState(StrEnum):
    """The result of checking a credential."""

    TRUSTED = "trusted"
    VALID_UNKNOWN_SIGNER = "valid_unknown_signer"
    ALTERED = "altered"
    ABSENT = "absent"
    RECOVERED_BY_MARK = "recovered_by_mark"


@dataclass(frozen=True, slots=True)
class Credential:
    """The content of a C2PA manifest and the result of checking it.

    Attributes:
        state: TRUSTED (intact, signer under our anchors), VALID_UNKNOWN_SIGNER (intact, signer unknown or expired),
            ALTERED, ABSENT, or RECOVERED_BY_MARK (the file has none, but its mark leads to one in our store).
        codes: Status codes of what failed, as the C2PA specification names them; ours begin with org.facetrail.
        signer: Common name or organisation of the signer.
        source_type: Last part of the first digitalSourceType that an action names, e.g. trainedAlgorithmicMedia.
        actions: Names of the actions, in order.
        recovered: Whether the data come from our store and not from the file.
        title: The manifest's title.
        manifest_json: The complete report of the library.
        signed_at: Time at which a time-stamp authority received the signature, ISO 8601; None without a stamp.
        ingredient_codes: Status codes of what failed in the credentials of ingredients, as found when the file was
            sealed; they do not change this file's own state. What fails in them only now makes it ALTERED.
        perceptual_distance: Bits between the pictures' perceptual hashes where recovered, else None; up to 10 bits they
            look the same.
        source_types: Last parts of every digitalSourceType that the file's own actions and metadata name.
        ingredient_source_types: The same for the manifests of its ingredients, and of their ingredients.
        identities: CAWG identities that the manifest names beside its signer; each has its own state and codes, and
            they do not change this file's state.
        fingerprint: SHA-256 of the signer's certificate, hexadecimal; None where the certificate cannot be told.
        vouched_by: Name of the trust list under which the signer is known, or `OWN_ROOTS` for the deployment's own
            roots and those that the caller gave; None where the signer is unknown.
        chains: Label of each manifest whose signature proves its certificates, with these (PEM), the signer's first.
    """

    state: CredentialState
    codes: tuple[str, ...] = ()
    signer: str | None = None
    source_type: str | None = None
    actions: tuple[str, ...] = ()
    recovered: bool = False
    title: str | None = None
    manifest_json: str | None = None
    perceptual_distance: int | None = None
    signed_at: str | None = None
    ingredient_codes: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    ingredient_source_types: tuple[str, ...] = ()
    identities: tuple[CawgIdentity, ...] = ()
    fingerprint: str | None = None
    vouched_by: str | None = None
    chains: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def says_generated(self) -> bool:
        """It says that a machine made or changed the picture, or one that it was made from."""
        stated = (*self.source_types, *self.ingredient_source_types, self.source_type or "")
        return not GENERATED_SOURCE_TYPES.isdisjoint(stated)

    @property
    def looks_different(self) -> bool:
        """Return whether a mark recovered it and the picture does not look like the one sealed with that mark."""
        return CODE_LOOKS_DIFFERENT in self.codes


def read_credential(path: Path, policy: TrustPolicy, store: Store) -> Credential:
    """Read and check the credential that a file carries.

    Args:
        path: The file.
        policy: Policy that decides which signatures are trusted.
        store: Store that lists the files sealed here.

    Raises:
        MediaError: The file is missing, or of a kind that this package does not read and without a trace of a manifest.
        StoreError: The store is damaged or unreadable.
    """
    credential = _read_credential(path, policy, store)
    _LOG.debug("%s: credential %s by %s, codes %s", path, credential.state, credential.signer, credential.codes)
    return credential


def _read_credential(path: Path, policy: TrustPolicy, store: Store) -> Credential:
    try:
        container = sniff(path)
    except MediaError as error:
        return _without_manifest(path, None, error)
    beside = _own_sidecar(path, container)
    if beside is not None:
        credential = read_credential_beside(path, beside, policy)
        return _same_as_sealed(path, credential, store)
    try:
        with open_file(path) as stream:
            credential, embedded = _judged(container.value, stream, policy)
    except (c2pa.C2paError, MediaError) as error:
        return _without_manifest(path, container, error)
    if container is Container.MANIFEST:
        return _without_content(credential)
    if credential.state is CredentialState.ALTERED:
        return credential
    if embedded and container in FRAMED and (fault := _layout_fault(path, container, credential)):
        return replace(credential, state=CredentialState.ALTERED, codes=(*credential.codes, fault))
    return _same_as_sealed(path, credential, store)


def _same_as_sealed(path: Path, credential: Credential, store: Store) -> Credential:
    """Return the credential of a file, ALTERED where the file was sealed here and is not the same now."""
    if credential.state is CredentialState.ALTERED:
        return credential
    entry = store.find_manifest(active_label(credential))
    if entry is not None and entry.sha256 != file_hash(path):
        return replace(credential, state=CredentialState.ALTERED, codes=(*credential.codes, CODE_DIGEST))
    return credential


def _own_sidecar(path: Path, container: Container) -> Path | None:
    """Return the credential that lies beside a file whose kind holds none, under the name that C2PA asks for."""
    beside = path.with_suffix(SIDECAR_SUFFIX)
    if container.holds_credential or not beside.is_file():
        return None
    return beside if sniff(beside) is Container.MANIFEST else None


def read_credential_beside(path: Path, manifest: Path, policy: TrustPolicy) -> Credential:
    """Read and check the credential of a file that lies in a file of its own beside it.

    Args:
        path: The file.
        manifest: Its manifest store, a `.c2pa` file.
        policy: Policy that decides which signatures are trusted.

    Raises:
        MediaError: One of the files is missing or of a kind that this package does not read, or the manifest is none.
    """
    container, kind = sniff(path), sniff(manifest)
    if kind is not Container.MANIFEST:
        raise MediaError(f"{manifest}: is no credential in a file of its own; give a .c2pa file")
    try:
        with open_file(path) as stream:
            return _judged(container.value, stream, policy, manifest.read_bytes())[0]
    except c2pa.C2paError as error:
        raise MediaError(f"{manifest}: is no credential of {path.name} ({error}); get a sound copy of both") from error


def _layout_fault(path: Path, container: Container, credential: Credential) -> str | None:
    """Check the bytes that C2PA does not hash, where facetrail wrote the manifest."""
    report: dict[str, Any] = json.loads(credential.manifest_json or "{}")
    manifest: dict[str, Any] = report.get("manifests", {}).get(report.get("active_manifest"), {})
    if GENERATOR not in [one.get("name") for one in manifest.get("claim_generator_info", [])]:
        return None
    assertions = {one["label"]: one["data"] for one in manifest.get("assertions", [])}
    try:
        check_layout(path, container, assertions.get(LAYOUT_ASSERTION))
    except LayoutError:
        return CODE_LAYOUT
    return None


def recover_credential(entry: StoreEntry, distance: int, policy: TrustPolicy) -> Credential:
    """Read the credential of a stored manifest; it shows where a picture comes from, never that it is unchanged.

    Args:
        entry: Store entry that the mark identifies.
        distance: Bits between the perceptual hash of the picture at hand and of the one that was sealed.
        policy: Policy that decides which signatures are trusted.

    Raises:
        StoreError: The stored manifest is damaged.
    """
    try:
        credential, _ = _judged(_MANIFEST_TYPE, io.BytesIO(entry.manifest), policy)
    except c2pa.C2paError as error:
        raise StoreError(
            f"the stored manifest {entry.manifest_label} is damaged ({error}); restore the manifest store from a backup"
        ) from error
    codes = [code for code in credential.codes if code not in _BINDING_CODES]
    codes.append(CODE_LOOKS_ALIKE if distance <= SAME_PICTURE else CODE_LOOKS_DIFFERENT)
    return replace(
        credential,
        state=CredentialState.RECOVERED_BY_MARK,
        codes=tuple(codes),
        recovered=True,
        perceptual_distance=distance,
    )


def signature_holds(entry: StoreEntry, policy: TrustPolicy) -> bool:
    """Return whether a signer known to the policy signed a stored manifest.

    A certificate that has expired since then counts as known, because the library does not report its owner.

    Args:
        entry: Store entry that the mark identifies.
        policy: Policy that decides which signatures are trusted.
    """
    try:
        credential, _ = _judged(_MANIFEST_TYPE, io.BytesIO(entry.manifest), policy)
    except c2pa.C2paError:
        return False
    codes = set(credential.codes) - _BINDING_CODES
    return not codes or ("signingCredential.expired" in codes and codes <= _SIGNER_CODES)


def active_label(credential: Credential) -> str:
    """Return the label of the manifest a credential was read from; every signature has its own."""
    return str(json.loads(credential.manifest_json or "{}").get("active_manifest"))


def _judged(
    media_type: str, stream: BinaryIO, policy: TrustPolicy, beside: bytes | None = None
) -> tuple[Credential, bool]:
    """Return the credential, and whether the file itself holds it rather than a place that it points to.

    `beside` is the manifest store of a file that lies beside the stream's.

    A signer under the anchors that the policy does not allow is an unknown one, and so is one that only an authority
    for time stamps or CAWG identities vouches for: the library keeps the purposes of anchors apart in its settings and
    not in its answers.
    """
    context = library_context(
        library_settings(
            policy.signer_anchors,
            time_anchors=policy.time_anchors,
            identity_anchors=policy.identity_anchors,
            offline=policy.offline,
        )
    )
    with c2pa.Reader(media_type, stream, beside, context=context) as reader:
        credential, embedded = _credential(reader), reader.is_embedded()
    if beside is not None:
        media_type, stream, embedded = _MANIFEST_TYPE, io.BytesIO(beside), True
    stream.seek(0)
    # What lies elsewhere would be fetched a second time, and its server may answer otherwise then.
    report: dict[str, Any] = json.loads(credential.manifest_json or "{}")
    trusted = _SIGNER_TRUSTED in _codes(report, "success")
    told = embedded and (trusted or credential.state is not CredentialState.ALTERED)
    chains = signer_chains(media_type, stream, report.get("manifests", {}), context) if told else {}
    chain = chains.get(active_label(credential), ())
    if chain:
        named = tuple((label, pem(*one)) for label, one in chains.items())
        credential = replace(credential, fingerprint=chain[0].fingerprint(hashes.SHA256()).hex(), chains=named)
    if not trusted:
        return credential, embedded
    vouched_by = policy.vouching(chain) if chain else None
    if vouched_by is None and (policy.time_anchors or policy.identity_anchors):
        return _unknown(credential, CODE_NOT_FOR_CLAIMS), embedded
    if policy.allowed_signers and not (chain and policy.allows(chain[0])):
        return _unknown(credential, CODE_NOT_ALLOWED), embedded
    return replace(credential, vouched_by=vouched_by), embedded


def _unknown(credential: Credential, code: str) -> Credential:
    """Return a credential whose signer the library trusts and the policy does not."""
    trusted = credential.state is CredentialState.TRUSTED
    state = CredentialState.VALID_UNKNOWN_SIGNER if trusted else credential.state
    return replace(credential, state=state, codes=(*credential.codes, code))


def _codes(report: dict[str, Any], outcome: Literal["success", "failure"]) -> tuple[str, ...]:
    """Return the status codes of the active manifest, each once; those of its CAWG identities are theirs."""
    found = report.get("validation_results", {}).get("activeManifest", {}).get(outcome, [])
    codes = dict.fromkeys(str(one["code"]) for one in found)
    return tuple(code for code in codes if not code.startswith(CAWG_CODES))


def _ingredient_damage(report: dict[str, Any]) -> tuple[str, ...]:
    """Return the status codes of what fails in ingredients now and did not when the file was signed."""
    found = [
        str(failure["code"])
        for delta in report.get("validation_results", {}).get("ingredientDeltas", [])
        for failure in delta.get("validationDeltas", {}).get("failure", [])
    ]
    return tuple(dict.fromkeys(code for code in found if code not in _SIGNER_CODES and not code.startswith(CAWG_CODES)))


def _credential(reader: c2pa.Reader) -> Credential:
    report: dict[str, Any] = json.loads(reader.json())
    # A damaged label leaves the active manifest without its entry.
    manifest: dict[str, Any] = report.get("manifests", {}).get(report.get("active_manifest"), {})
    codes, since = _codes(report, "failure"), _ingredient_damage(report)
    identities = cawg_identities(report)
    actions = _actions(manifest)
    signature: dict[str, Any] = manifest.get("signature_info") or {}
    source_type = next((action["digitalSourceType"] for action in actions if "digitalSourceType" in action), None)
    return Credential(
        state=_state(report, (*codes, *since), identities),
        codes=tuple(dict.fromkeys((*codes, *since))),
        signer=signature.get("common_name") or signature.get("issuer"),
        source_type=source_type and term(source_type),
        actions=tuple(str(action["action"]) for action in actions),
        title=manifest.get("title"),
        signed_at=signature.get("time"),
        ingredient_codes=_ingredient_codes(report, manifest),
        source_types=source_types_of([manifest]),
        ingredient_source_types=source_types_of(_ancestors(report)),
        identities=identities,
        manifest_json=json.dumps(report, sort_keys=True),  # the library shuffles its keys
    )


def _actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action
        for assertion in manifest.get("assertions", [])
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"].get("actions", [])
    ]


def _ancestors(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the manifests of all ingredients of the active one, at any depth."""
    manifests: dict[str, Any] = report.get("manifests", {})
    found: dict[str, dict[str, Any]] = {}
    waiting: list[Any] = [report.get("active_manifest")]
    while waiting:
        manifest = manifests.get(waiting.pop(), {})
        for label in (ingredient.get("active_manifest") for ingredient in manifest.get("ingredients", [])):
            if label in manifests and label not in found:
                found[label] = manifests[label]
                waiting.append(label)
    return list(found.values())


def _ingredient_codes(report: dict[str, Any], manifest: dict[str, Any]) -> tuple[str, ...]:
    """Return the codes that the ingredients were recorded with, and those of the CAWG identities in them."""
    failures = [
        failure
        for ingredient in manifest.get("ingredients", [])
        for failure in ingredient.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    ]
    own = f"/{report.get('active_manifest')}/"
    failures += [one for one in _identity_failures(report) if own not in str(one.get("url"))]
    return tuple(dict.fromkeys(str(failure["code"]) for failure in failures))


def _state(report: dict[str, Any], codes: Sequence[str], identities: Sequence[CawgIdentity]) -> CredentialState:
    """Return the state of a credential: the library's verdict, without what only concerns a CAWG identity's issuer."""
    verdict = report.get("validation_state")
    if verdict == "Trusted":
        return CredentialState.TRUSTED
    if verdict == "Valid":
        trusted = _SIGNER_TRUSTED in _codes(report, "success") and not codes and _identity_failures(report)
        return CredentialState.TRUSTED if trusted else CredentialState.VALID_UNKNOWN_SIGNER
    broken = any(one.state is IdentityState.INVALID for one in identities)
    if codes and _SIGNER_CODES.issuperset(codes) and not broken:
        return CredentialState.VALID_UNKNOWN_SIGNER
    return CredentialState.ALTERED


def _identity_failures(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what fails in CAWG identities of the file and of its ingredients, which the library reports together."""
    found = report.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    return [one for one in found if str(one["code"]).startswith(CAWG_CODES)]


def _without_content(credential: Credential) -> Credential:
    """Return what a manifest in a file of its own says; whether its content is unchanged cannot be told without it."""
    if _CLAIM_HOLDS not in _codes(json.loads(credential.manifest_json or "{}"), "success"):
        return credential
    codes = tuple(code for code in credential.codes if code not in _BINDING_CODES)
    broken = not {*_SIGNER_CODES, CODE_NOT_ALLOWED, CODE_NOT_FOR_CLAIMS}.issuperset(codes)
    state = CredentialState.VALID_UNKNOWN_SIGNER if codes else CredentialState.TRUSTED
    return replace(
        credential, state=CredentialState.ALTERED if broken else state, codes=(*codes, CODE_CONTENT_NOT_CHECKED)
    )


def _without_manifest(path: Path, container: Container | None, error: c2pa.C2paError | MediaError) -> Credential:
    """Distinguish a file that never had a manifest from one whose manifest was damaged."""
    if isinstance(error, c2pa.C2paError.RemoteManifest) or str(error).startswith("Remote: "):
        return Credential(CredentialState.ABSENT, (CODE_NOT_FETCHED,))
    if _holds_manifest_box(path):
        return Credential(CredentialState.ALTERED, (CODE_HIDDEN,))
    if isinstance(error, MediaError):
        raise error
    none = isinstance(error, c2pa.C2paError.ManifestNotFound | c2pa.C2paError.NotSupported)
    if container is not None and not container.is_decodable and not none:
        raise MediaError(f"{path}: is a damaged {container.name} file ({error}); get a sound copy of the file")
    return Credential(CredentialState.ABSENT)


def _holds_manifest_box(path: Path) -> bool:
    with open_file(path) as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _MANIFEST_BOX.search(content) is not None
        except ValueError:  # an empty file cannot be mapped
            return False
