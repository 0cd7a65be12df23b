"""Read the complete provenance of a file: its mark and its credential together."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from watermark.credential.credential import (
    CODE_CONTENT_NOT_CHECKED,
    Credential,
    CredentialState,
    read_credential,
    read_credential_beside,
    recover_credential,
    signature_holds,
)
from watermark.identity.trust import TrustPolicy
from watermark.mark.read import MarkReading, read_mark
from watermark.media.animations import is_moving
from watermark.media.clip_reading import open_clip
from watermark.media.containers import sniff
from watermark.media.frames import CLIP_SAMPLE, Frames
from watermark.media.media import Media, read_media
from watermark.store.manifest_store import StoreEntry
from watermark.store.perceptual_hash import SAME_PICTURE, hash_distance, perceptual_hash

from .deployment import Deployment
from .errors import MediaError, TrustError

_LOG = logging.getLogger(__name__)


class Outcome(StrEnum):
    """The combined result of a file's mark and credential."""

    TRUSTED = "trusted"
    VALID_UNKNOWN_SIGNER = "valid_unknown_signer"
    ALTERED = "altered"
    RECOVERED_BY_MARK = "recovered_by_mark"
    MARK_ONLY = "mark_only"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The provenance of one file.

    Attributes:
        path: The file.
        mark: The mark, or None where the pixels cannot be decoded: the file is of a kind that this package does not
            decode, or the credential shows that it was altered.
        credential: The credential, from the file or recovered.
        mark_not_looked_for: Why the mark could not be looked for; None where it was.
    """

    path: Path
    mark: MarkReading | None
    credential: Credential
    mark_not_looked_for: str | None = None

    @property
    def outcome(self) -> Outcome:
        """Return the credential's state; without a credential, a mark alone still shows that the file was made here."""
        if self.credential.state is CredentialState.ABSENT and self.mark is not None and self.mark.present:
            return Outcome.MARK_ONLY
        return Outcome(self.credential.state.value)


def verify_file(path: Path, deployment: Deployment, policy: TrustPolicy | None = None) -> Credential:
    """Return the credential of a file that is intact and signed by a signer known to the policy, or raise.

    A credential recovered through the mark is not accepted: it shows where a picture comes from, not that it is
    unchanged; nor is one that lies in a file of its own, without the content.

    Args:
        path: The file.
        deployment: Deployment whose store lists the files sealed here.
        policy: Policy that decides which signatures are trusted; None trusts the deployment's own.

    Raises:
        TrustError: The file has no credential, was altered, or its signer is unknown; its `state` shows which.
        MediaError: The file is missing or of a kind that this package does not read.
        StoreError: The manifest store is damaged or unreadable.
    """
    credential = read_credential(path, policy or deployment.trust, deployment.store)
    state = credential.state
    _LOG.info("credential of %s: %s", path, state)
    if state is not CredentialState.TRUSTED or CODE_CONTENT_NOT_CHECKED in credential.codes:
        codes = f" ({', '.join(credential.codes)})" if credential.codes else ""
        raise TrustError(f"{path}: the credential is {state.replace('_', ' ')}{codes}", state.value, credential.codes)
    return credential


def read_provenance(
    path: Path,
    deployment: Deployment,
    *,
    anchors: tuple[str, ...] = (),
    policy: TrustPolicy | None = None,
    media: Media | None = None,
    search: int = 1,
    sidecar: Path | None = None,
) -> Provenance:
    """Read mark and credential of a file.

    A mark can be copied into another picture, so it counts as ours only if its id is in the deployment's store, the
    signature of the manifest there holds, and the picture looks like the one that was sealed; a cropped copy does not.
    Where the file carries no credential and the id is in the store, the stored manifest is read instead; it shows where
    the picture comes from, not that it is unchanged.

    Args:
        path: The file.
        deployment: Deployment whose keys, store and root certificate are used.
        anchors: More root certificates (PEM) whose signers are trusted.
        policy: Policy that alone decides which signatures are trusted; None trusts the deployment's own and those under
            `anchors`.
        media: The decoded file, where the caller has decoded it already.
        search: Extent of the search for the mark, see `read_mark`.
        sidecar: File that holds the credential instead of the file itself.

    Raises:
        MediaError: The file is missing, of a kind that this package does not read, or damaged without a credential that
            would show it.
        StoreError: The manifest store is damaged or unreadable.
    """
    policy = policy or replace(deployment.trust, anchors=(*deployment.trust.anchors, *anchors))
    credential = (
        read_credential(path, policy, deployment.store)
        if sidecar is None
        else read_credential_beside(path, sidecar, policy)
    )
    _LOG.info("credential of %s: %s", path, credential.state)
    if media is not None:
        frames = media.frames
    else:
        try:
            frames = sample_frames(path)
        except MediaError as error:
            if credential.state is CredentialState.ABSENT and sniff(path).is_decodable:
                raise
            reason = str(error).removeprefix(f"{path}: ")
            _LOG.info("the mark of %s is not looked for: %s", path, reason)
            return Provenance(path, None, credential, f"the file {reason}")
    mark = read_mark(frames, deployment.mark_keys, search=search)
    _LOG.info("mark of %s: %s", path, mark)
    entries = [entry for entry in deployment.store.find(mark.id or "") if entry.kind is mark.kind]
    if not entries:
        return Provenance(path, mark, credential)
    distance, entry = min(((_distance(frames[0], entry), entry) for entry in entries), key=lambda found: found[0])
    confirmed = distance <= SAME_PICTURE and signature_holds(entry, deployment.trust)
    _LOG.debug("%s: %d stored manifests under the mark, the nearest look %d bits away", path, len(entries), distance)
    if credential.state is CredentialState.ABSENT:
        credential = recover_credential(entry, distance, policy)
        _LOG.info("recovered the credential of %s by its mark from %s", path, deployment.store.place)
    return Provenance(path, replace(mark, ours=confirmed), credential)


def _distance(picture: Frames, entry: StoreEntry) -> int:
    """Return the distance in bits between the look of the sealed picture and that of a picture, turned and mirrored."""
    views = [np.rot90(one, quarters) for one in (picture, picture[:, ::-1]) for quarters in range(4)]
    return min(hash_distance(perceptual_hash(np.ascontiguousarray(view)), entry.perceptual_hash) for view in views)


def sample_frames(path: Path) -> Frames:
    """Return a still, or as many frames of a clip as a reading uses, `(T, H, W, 3)`.

    Raises:
        MediaError: The file cannot be decoded.
    """
    if is_moving(path, sniff(path)):
        clip = open_clip(path)
        _LOG.info("opened %s: %s", path, clip)
        return clip.sample(CLIP_SAMPLE)
    still = read_media(path)
    _LOG.info("opened %s: %s", path, still)
    return still.frames
