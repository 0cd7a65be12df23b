"""Store the manifests of sealed files, so that a mark or a look alone identifies a credential.

Looks are compared by the Hamming distance of 64-bit hashes, and a search scans all of them. For this they are stored a
second time in contiguous blocks, where a million hashes take 8 MB. An index by parts of the hash (multi-index hashing)
is slower for faces, which look so much alike that a large part of the store would be candidates.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np

from watermark.errors import StoreError
from watermark.mark.payload import PayloadKind
from watermark.media.files import first_file

_LOG = logging.getLogger(__name__)

STORE_FILE = "manifests.sqlite3"
"""Name of the store's file in a deployment's folder."""

Row: TypeAlias = tuple[str, str, str, int, str, str, str, bytes]

_WAIT_SECONDS = 30.0
_VERSION = 2
_HASH_BYTES = 8
_BLOCK = 16384

# Hashes are stored as the signed integers that SQLite has. `number` is named, else VACUUM could change it; the hash of
# file `number` lies in block number / _BLOCK. What is taken back leaves its hash there, which then leads to no file.
_SCHEMA = (
    """
    CREATE TABLE sealed (
        number INTEGER PRIMARY KEY,
        mark_id TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        manifest_label TEXT NOT NULL,
        perceptual_hash INTEGER NOT NULL,
        title TEXT NOT NULL,
        kind TEXT NOT NULL,
        created TEXT NOT NULL,
        manifest BLOB NOT NULL,
        UNIQUE (mark_id, sha256)
    )
    """,
    "CREATE INDEX sealed_by_label ON sealed (manifest_label)",
    "CREATE TABLE looks (block INTEGER PRIMARY KEY, hashes BLOB NOT NULL)",
    f"PRAGMA user_version = {_VERSION}",
)
_INSERT = "INSERT OR REPLACE INTO sealed VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM sealed WHERE mark_id = ? AND sha256 = ?"
_BY_MARK = "SELECT * FROM sealed WHERE mark_id = ? ORDER BY created DESC"
_BY_LABEL = "SELECT * FROM sealed WHERE manifest_label = ?"
_BY_NUMBER = "SELECT * FROM sealed WHERE number = ?"
_NEW_BLOCK = "INSERT OR IGNORE INTO looks VALUES (?, zeroblob(?))"
_LOOKS = "SELECT block, hashes FROM looks"
_EARLIER = (
    "SELECT mark_id, sha256, manifest_label, signed_hash(perceptual_hash), title, kind, created, manifest "
    "FROM earlier ORDER BY rowid"
)


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """The record of one sealed file.

    Attributes:
        mark_id: The mark's id, 12 hexadecimal digits; files sealed from the same marked frames share it.
        sha256: SHA-256 of the sealed file.
        manifest_label: Label of the file's active manifest, unique for every signature.
        manifest: The manifest store that was embedded.
        perceptual_hash: 64-bit hash of the first frame, see `perceptual_hash`.
        title: The claim's title.
        kind: The reason why it was marked.
        created: Time of sealing, ISO 8601 in UTC.
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
    """Store entries in a SQLite file in write-ahead mode.

    Every call has its own connection, so threads and processes may share a store.
    """

    def __init__(self, path: Path) -> None:
        """Set the path of the file; the first `put` creates it."""
        self.path = path

    @property
    def place(self) -> str:
        """Return where the store is, for people."""
        return str(self.path)

    def put(self, entry: StoreEntry) -> None:
        """Add an entry; it is durable when this returns.

        Raises:
            StoreError: The store is damaged, read-only, full or locked for too long.
        """
        with self._connection() as connection:
            _add(connection, _row(entry))
        _LOG.debug("stored the manifest %s under mark %s in %s", entry.manifest_label, entry.mark_id, self.path)

    def put_all(self, entries: Iterator[StoreEntry]) -> None:
        """Add many entries in one transaction: all or none.

        Raises:
            StoreError: As for `put`.
        """
        with self._connection() as connection:
            for entry in entries:
                _add(connection, _row(entry))

    def remove(self, entry: StoreEntry) -> None:
        """Remove an entry.

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

    def find_alike(self, perceptual_hash: int, *, distance: int = 10, limit: int = 10) -> tuple[StoreEntry, ...]:
        """Return the entries that look most alike, the nearest first.

        Args:
            perceptual_hash: Hash of the look.
            distance: Maximum number of different bits.
            limit: Maximum number of entries.

        Raises:
            StoreError: The store is damaged or unreadable.
        """
        if not self.path.exists():
            return ()
        with self._connection(writing=False) as connection:
            connection.execute("BEGIN")  # looks and files as of one moment
            alike = (
                connection.execute(_BY_NUMBER, (number,)).fetchone()
                for number in _nearest(connection, perceptual_hash, distance)
            )
            return tuple(islice((_entry(row) for row in alike if row is not None), limit))

    def _select(self, statement: str, value: str) -> tuple[StoreEntry, ...]:
        if not self.path.exists():
            return ()
        with self._connection(writing=False) as connection:
            return tuple(_entry(row) for row in connection.execute(statement, (value,)))

    @contextmanager
    def _connection(self, *, writing: bool = True) -> Iterator[sqlite3.Connection]:
        """Open the store for one transaction; commit at the end, roll back on any failure."""
        try:
            if not self.path.exists():
                _create(self.path)
            with closing(self._opened(writing=writing)) as connection:
                _bring_up_to_date(connection)
                with connection:
                    connection.execute("PRAGMA synchronous = FULL")
                    yield connection
        except (sqlite3.Error, OSError, ValueError) as error:
            raise StoreError(
                f"{self.path}: the manifest store cannot be used ({error}); "
                "check its permissions, or move it away to start an empty one"
            ) from error

    def _opened(self, *, writing: bool) -> sqlite3.Connection:
        """Open the file; in a read-only folder, open it in the one mode that needs no further files there."""
        if writing or os.access(self.path.parent, os.W_OK):
            return sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
        address = f"{self.path.absolute().as_uri()}?immutable=1"
        return sqlite3.connect(address, timeout=_WAIT_SECONDS, uri=True)


def _add(connection: sqlite3.Connection, row: Row) -> None:
    """Insert a file and store its look with the others."""
    number = connection.execute(_INSERT, row).lastrowid or 0
    block, place = divmod(number, _BLOCK)
    connection.execute(_NEW_BLOCK, (block, _BLOCK * _HASH_BYTES))
    with connection.blobopen("looks", "hashes", block) as hashes:
        hashes.seek(place * _HASH_BYTES)
        hashes.write(row[3].to_bytes(_HASH_BYTES, "little", signed=True))


def _nearest(connection: sqlite3.Connection, look: int, distance: int) -> Iterator[int]:
    """Yield the numbers of the files with similar looks, the nearest first; some are of removed files."""
    near: list[np.ndarray] = [np.empty((0, 2), np.int64)]
    for block, hashes in connection.execute(_LOOKS):
        differing = np.bitwise_count(np.frombuffer(hashes, "<u8") ^ np.uint64(look))
        places = np.flatnonzero(differing <= distance)
        near.append(np.stack([differing[places].astype(np.int64), block * _BLOCK + places], axis=1))
    found = np.concatenate(near)
    for at in np.lexsort((found[:, 1], found[:, 0])):
        yield int(found[at, 1])


def _row(entry: StoreEntry) -> Row:
    look, kind = _signed(entry.perceptual_hash), entry.kind.value
    return entry.mark_id, entry.sha256, entry.manifest_label, look, entry.title, kind, entry.created, entry.manifest


def _entry(row: tuple[int, *Row]) -> StoreEntry:
    _, mark, digest, label, look, title, kind, created, manifest = row
    return StoreEntry(mark, digest, label, manifest, look & (1 << 64) - 1, title, PayloadKind(kind), created)


def _create(path: Path) -> None:
    """Create an empty store beside its place and link it there atomically; the first of several processes wins."""
    with first_file(path) as made:
        with closing(sqlite3.connect(made)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.commit()
        made.chmod(0o600)  # SQLite makes its other files alike


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Convert a store of version 0 (hashes as text) or 1 (indexes of hashes) to the present version atomically."""
    if _version(connection) == _VERSION:
        return
    connection.create_function("signed_hash", 1, lambda look: _signed(int(look, 16)) if isinstance(look, str) else look)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == _VERSION:  # another process was faster
            return
        for statement in ("ALTER TABLE sealed RENAME TO earlier", "DROP INDEX sealed_by_label", *_SCHEMA):
            connection.execute(statement)
        for row in connection.execute(_EARLIER):
            _add(connection, row)
        connection.execute("DROP TABLE earlier")


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > _VERSION:
        raise ValueError(f"it has version {version}, made by a newer facetrail; this one knows up to {_VERSION}")
    return version


def _signed(look: int) -> int:
    """Return 64 bits as the signed integer that SQLite stores."""
    return look - (look >> 63 << 64)
