"""Everything a file says about where it comes from: its mark and its credential, together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from .clip_reading import open_clip
from .containers import sniff
from .credentials import Credential, CredentialState, read_credential, recover_credential
from .deployment import Deployment
from .errors import MediaError
from .frames import CLIP_SAMPLE, Frames
from .mark_reading import MarkReading, read_mark
from .media import Media, read_media
from .perceptual_hash import hash_distance, perceptual_hash


@dataclass(frozen=True, slots=True)
class Provenance:
    """What one file says about where it comes from.

    Attributes:
        path: The file.
        mark: The mark, or None where the credential shows the file altered and its pixels cannot be decoded any more.
        credential: The credential, from the file or recovered.
    """

    path: Path
    mark: MarkReading | None
    credential: Credential


def read_provenance(
    path: Path,
    deployment: Deployment,
    *,
    anchors: tuple[str, ...] = (),
    media: Media | None = None,
    search: int = 1,
) -> Provenance:
    """Read mark and credential of a file.

    A mark counts as ours only if its id is in the deployment's store. Where the file carries no credential and the
    mark is ours, the stored manifest is read instead; it says where the picture comes from and not that it is
    unchanged.

    Args:
        path: The file.
        deployment: Whose key, store and root certificate are used.
        anchors: More root certificates (PEM) whose signers are trusted.
        media: The decoded file, where the caller has it already.
        search: How far to look for the mark, see `read_mark`.

    Raises:
        MediaError: The file is missing, of a kind this room does not read, or damaged without a credential that would
            show it.
        StoreError: The manifest store is damaged or unreadable.
    """
    trusted = (deployment.identity.root_pem, *anchors)
    credential = read_credential(path, trusted, deployment.store)
    if media is not None:
        frames = media.frames
    else:
        try:
            frames = _sample(path)
        except MediaError:
            if credential.state is CredentialState.ABSENT:
                raise
            return Provenance(path, None, credential)
    mark = read_mark(frames, deployment.mark_key, search=search)
    entries = [entry for entry in deployment.store.find(mark.id or "") if entry.kind is mark.kind]
    if not entries:
        return Provenance(path, mark, credential)
    mark = replace(mark, ours=True)
    if credential.state is CredentialState.ABSENT:
        seen = perceptual_hash(frames[0])
        nearest = min(entries, key=lambda entry: hash_distance(seen, entry.perceptual_hash))
        credential = recover_credential(nearest, hash_distance(seen, nearest.perceptual_hash), trusted)
    return Provenance(path, mark, credential)


def _sample(path: Path) -> Frames:
    """Return a still, or as many frames of a clip as a reading looks at."""
    return open_clip(path).sample(CLIP_SAMPLE) if sniff(path).is_clip else read_media(path).frames
