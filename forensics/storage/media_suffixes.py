"""The suffixes by which files are chosen where a folder is searched or a file is asked for.

What a file really holds is decided by its content when it is opened.
"""

from __future__ import annotations

READABLE_STILLS = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff")
"""Files that are read as pictures."""

READABLE_CLIPS = (".mp4", ".mov", ".mkv", ".webm", ".gif")
"""Files that are read as clips."""

SUFFIXES = (*READABLE_STILLS, *READABLE_CLIPS)
"""Files whose pixels are decoded, which the page offers to examine."""

CREDENTIAL_SUFFIXES = (
    *SUFFIXES,
    *(".heic", ".heif", ".jxl", ".dng", ".svg", ".pdf", ".m4v", ".avi"),
    *(".wav", ".mp3", ".m4a", ".flac", ".c2pa"),
)
"""Files that `read` and `examine` take from a folder; of most of the further ones only the credential is read."""

CLIPS = (*READABLE_CLIPS, ".avi")
"""Files that an importer lists as clips of a published data set; one that cannot be read, such as AVI, is reported."""

STILLS = (".png", ".jpg", ".jpeg", ".webp")
"""Files that an importer lists as pictures, or frames, of a published data set."""
