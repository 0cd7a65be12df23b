"""Mark pixels, sign files, and read both back. This is the room's only door."""

from __future__ import annotations

from .arrays import read_arrays
from .claim import Claim, Ingredient, SourceType
from .clip_reading import ClipReader, demuxed, open_clip, take_frames
from .clip_writing import ClipWriter
from .credentials import Credential, CredentialState
from .deployment import Deployment
from .encoding import encode_clip, encode_still
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
from .hidden_folder import hidden_folder
from .identity import Identity
from .mark_keys import mark_key_fingerprints
from .mark_reading import MarkReading, read_mark
from .marking import ClipMarker, check_size, mark
from .media import Media, read_media
from .payload import Payload, PayloadKind
from .reading import Outcome, Provenance, read_provenance, verify_file
from .release import SealReceipt
from .resolution import Bindings, read_bindings
from .sealing import seal, seal_file
from .sign_command import SignCommand
from .signing import TimeStampOutcome
from .statements import Statement, read_statement, sign_statement
from .store import ManifestStore
from .time_stamping import TimeStamping
from .trust import TrustPolicy

__all__ = [
    "Bindings",
    "Claim",
    "ClipMarker",
    "ClipReader",
    "ClipWriter",
    "Credential",
    "CredentialState",
    "Deployment",
    "Identity",
    "IdentityError",
    "Ingredient",
    "ManifestStore",
    "MarkReading",
    "Media",
    "MediaError",
    "Outcome",
    "Payload",
    "PayloadKind",
    "Provenance",
    "SealError",
    "SealReceipt",
    "SignCommand",
    "SourceType",
    "Statement",
    "StatementError",
    "StoreError",
    "TimeStampOutcome",
    "TimeStamping",
    "TooSmallError",
    "TrustError",
    "TrustPolicy",
    "WatermarkError",
    "check_size",
    "demuxed",
    "encode_clip",
    "encode_still",
    "hidden_folder",
    "mark",
    "mark_key_fingerprints",
    "open_clip",
    "read_arrays",
    "read_bindings",
    "read_mark",
    "read_media",
    "read_provenance",
    "read_statement",
    "seal",
    "seal_file",
    "sign_statement",
    "take_frames",
    "verify_file",
]
