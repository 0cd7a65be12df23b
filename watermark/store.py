"""The manifest store: what was sealed here, so that a mark alone leads back to its credential."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import StoreError
from .payload import PayloadKind

_WAIT_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE sealed (
    mark_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    manifest_label TEXT NOT NULL,
    manifest BLOB NOT NULL,
    perceptual_hash TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (mark_id, sha256)
);
CREATE INDEX sealed_by_label ON sealed (manifest_label);
"""
_INSERT = "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM sealed WHERE mark_id = ? AND sha256 = ?"
_BY_MARK = "SELECT * FROM sealed WHERE mark_id = ? ORDER BY created DESC"
_BY_LABEL = "SELECT * FROM sealed WHERE manifest_label = ?"


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """One sealed file.

    Attributes:
        mark_id: The mark's id, 12 hexadecimal digits; files sealed from the same marked frames share it.
        sha256: Digest of the sealed file.
        manifest_label: Label of the file's active manifest, unique for every signature.
        manifest: The manifest store that was embedded.
        perceptual_hash: 64-bit hash of the first frame, see `perceptual_hash`.
        title: The claim's title.
        kind: Why it was marked.
        created: When it was sealed, ISO 8601 in UTC.
    """

    mark_id: str
    sha256: str
    manifest_label: str
    manifest: bytes
    perceptual_hash: int
    title: str
    kind: PayloadKind
    created: str


class ManifestStore:
    """A SQLite file in write-ahead mode; every call has its own connection, so threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made by the first `put`."""
        self.path = path

    def put(self, entry: StoreEntry) -> None:
        """Add an entry; it is durable when this returns.

        Raises:
            StoreError: The store is damaged, read-only, full or locked for too long.
        """
        values = (
            entry.mark_id,
            entry.sha256,
            entry.manifest_label,
            entry.manifest,
            f"{entry.perceptual_hash:016x}",
            entry.title,
            entry.kind.value,
            entry.created,
        )
        with self._connection() as connection:
            connection.execute(_INSERT, values)

    def remove(self, entry: StoreEntry) -> None:
        """Take an entry back.

        Raises:
            StoreError: As for `put`.
        """
        with self._connection() as connection:
            connection.execute(_DELETE, (entry.mark_id, entry.sha256))

    def find(self, mark_id: str) -> tuple[StoreEntry, ...]:
        """Return every entry with a mark id, the newest first.

        Raises:
            StoreError: The store is damaged or unreadable.
        """
        return self._select(_BY_MARK, mark_id)

    def find_manifest(self, label: str) -> StoreEntry | None:
        """Return the entry whose active manifest has a label, or None where it was sealed elsewhere.

        Raises:
            StoreError: The store is damaged or unreadable.
        """
        return next(iter(self._select(_BY_LABEL, label)), None)

    def _select(self, statement: str, value: str) -> tuple[StoreEntry, ...]:
        if not self.path.exists():
            return ()
        with self._connection() as connection:
            return tuple(
                StoreEntry(mark, digest, label, manifest, int(look, 16), title, PayloadKind(kind), created)
                for mark, digest, label, manifest, look, title, kind, created in connection.execute(statement, (value,))
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open the store for one transaction; commit at the end, roll back on any failure."""
        try:
            if not self.path.exists():
                _create(self.path)
            with closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as connection, connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except (sqlite3.Error, OSError, ValueError) as error:
            raise StoreError(
                f"{self.path}: the manifest store cannot be used ({error}); "
                "check its permissions, or move it away to start an empty one"
            ) from error


def _create(path: Path) -> None:
    """Make an empty store beside its place and link it there: whole or not at all, and the first of several wins."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".store-") as made:
        whole = Path(made) / path.name
        with closing(sqlite3.connect(whole)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
        try:
            path.hardlink_to(whole)
        except FileExistsError:
            return
