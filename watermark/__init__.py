"""Mark pixels, sign files, and read mark and credential back. This is the package's public interface."""

from __future__ import annotations

from .credential.cawg_identity import CawgIdentity, IdentityState
from .credential.claim import Claim, Ingredient, SourceType
from .credential.credential import Credential, CredentialState, read_credential_beside
from .credential.manifest_tree import CertificateNote, IngredientNote, ManifestNote, manifest_notes
from .credential.named_identity import ROLES, NamedIdentity
from .credential.own_assertions import OwnAssertion
from .credential.signing import TimeStampOutcome
from .credential.source_types import GENERATED_SOURCE_TYPES
from .credential.statements import Statement, read_statement, sign_statement
from .deployment import Deployment, home_folder
from .errors import (
    IdentityError,
    MediaError,
    SealError,
    StatementError,
    StoreError,
    TooSmallError,
    TrustError,
    WatermarkError,
)
from .identity.identity import Identity
from .identity.mark_keys import mark_key_fingerprints
from .identity.rotation import bring_into, rotate_identity
from .identity.sign_command import SignCommand
from .identity.time_stamping import TimeStamping
from .identity.trust import OWN_ROOTS, Purpose, TrustList, TrustPolicy
from .identity.trust_lists import TRUST_FOLDER, check_trust_list, read_trust_lists, remove_trust_list, write_trust_list
from .mark.embed import ClipMarker, check_size, mark
from .mark.payload import Payload, PayloadKind
from .mark.read import MarkReading, read_mark
from .media.arrays import read_arrays
from .media.clip_files import demuxed
from .media.clip_reading import ClipReader, open_clip, take_frames
from .media.containers import MEDIA_TYPES, SIDECAR_SUFFIX, media_type_of
from .media.encoding import encode_clip, encode_still
from .media.files import file_hash, hidden_folder, sweep, try_lock, whole_file
from .media.media import Media, read_media
from .media.tracks import check_sound
from .media.written_formats import (
    CLIP_SUFFIXES,
    STILL_SUFFIXES,
    check_clip,
    holds_alpha,
    holds_sound,
    written_suffix,
)
from .provenance import Outcome, Provenance, read_provenance, verify_file
from .resolution.resolution import Bindings, read_bindings
from .sealing.clip_writing import ClipWriter
from .sealing.release import SealReceipt
from .sealing.seal import seal, seal_file
from .sealing.signing_only import SignReceipt, sign_unchanged
from .sealing.updating import REASONS, update_credential
from .store.manifest_store import ManifestStore
from .store.postgres_store import PostgresStore
from .store.store import Store

__all__ = [
    "CLIP_SUFFIXES",
    "GENERATED_SOURCE_TYPES",
    "MEDIA_TYPES",
    "OWN_ROOTS",
    "REASONS",
    "ROLES",
    "SIDECAR_SUFFIX",
    "STILL_SUFFIXES",
    "TRUST_FOLDER",
    "Bindings",
    "CawgIdentity",
    "CertificateNote",
    "Claim",
    "ClipMarker",
    "ClipReader",
    "ClipWriter",
    "Credential",
    "CredentialState",
    "Deployment",
    "Identity",
    "IdentityError",
    "IdentityState",
    "Ingredient",
    "IngredientNote",
    "ManifestNote",
    "ManifestStore",
    "MarkReading",
    "Media",
    "MediaError",
    "NamedIdentity",
    "Outcome",
    "OwnAssertion",
    "Payload",
    "PayloadKind",
    "PostgresStore",
    "Provenance",
    "Purpose",
    "SealError",
    "SealReceipt",
    "SignCommand",
    "SignReceipt",
    "SourceType",
    "Statement",
    "StatementError",
    "Store",
    "StoreError",
    "TimeStampOutcome",
    "TimeStamping",
    "TooSmallError",
    "TrustError",
    "TrustList",
    "TrustPolicy",
    "WatermarkError",
    "bring_into",
    "check_clip",
    "check_size",
    "check_sound",
    "check_trust_list",
    "demuxed",
    "encode_clip",
    "encode_still",
    "file_hash",
    "hidden_folder",
    "holds_alpha",
    "holds_sound",
    "home_folder",
    "manifest_notes",
    "mark",
    "mark_key_fingerprints",
    "media_type_of",
    "open_clip",
    "read_arrays",
    "read_bindings",
    "read_credential_beside",
    "read_mark",
    "read_media",
    "read_provenance",
    "read_statement",
    "read_trust_lists",
    "remove_trust_list",
    "rotate_identity",
    "seal",
    "seal_file",
    "sign_statement",
    "sign_unchanged",
    "sweep",
    "take_frames",
    "try_lock",
    "update_credential",
    "verify_file",
    "whole_file",
    "write_trust_list",
    "written_suffix",
]
