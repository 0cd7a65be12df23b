"""The manifest store: what was sealed here, so that a mark or a look alone leads back to its credential.

Looks are compared by the Hamming distance of 64-bit hashes. A hash is split into four bands of 16 bits: two hashes that
differ in at most 10 bits differ in at most 2 bits of some band (pigeonhole), so the candidates are found through an
index, by the 137 values within 2 bits of each band (multi-index hashing: Norouzi, Punjani and Fleet 2012).
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from .errors import StoreError
from .payload import PayloadKind

STORE_FILE = "manifests.sqlite3"
"""Name of the store in a deployment's folder."""

_WAIT_SECONDS = 30.0
_VERSION = 1
_BANDS, _BAND_BITS, _BAND_DISTANCE = 4, 16, 2
_MOST_DISTANT = _BANDS * (_BAND_DISTANCE + 1) - 1

# Hashes are stored as the signed integers that SQLite has; a covering index for each band answers without the rows.
_SCHEMA = (
    """
    CREATE TABLE sealed (
        mark_id TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        manifest_label TEXT NOT NULL,
        perceptual_hash INTEGER NOT NULL,
        title TEXT NOT NULL,
        kind TEXT NOT NULL,
        created TEXT NOT NULL,
        manifest BLOB NOT NULL,
        PRIMARY KEY (mark_id, sha256)
    )
    """,
    "CREATE INDEX sealed_by_label ON sealed (manifest_label)",
    *(
        f"CREATE INDEX sealed_by_look{band} ON sealed "
        f"((perceptual_hash >> {_BAND_BITS * band} & 65535), perceptual_hash)"
        for band in range(_BANDS)
    ),
    f"PRAGMA user_version = {_VERSION}",
)
_COLUMNS = "mark_id, sha256, manifest_label, perceptual_hash, title, kind, created, manifest"
_INSERT = f"INSERT OR REPLACE INTO sealed ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_DELETE = "DELETE FROM sealed WHERE mark_id = ? AND sha256 = ?"
_BY_MARK = f"SELECT {_COLUMNS} FROM sealed WHERE mark_id = ? ORDER BY created DESC"  # noqa: S608
_BY_LABEL = f"SELECT {_COLUMNS} FROM sealed WHERE manifest_label = ?"  # noqa: S608
_BY_ROW = f"SELECT {_COLUMNS} FROM sealed WHERE rowid = ?"  # noqa: S608
_CARRY_OVER = (
    f"INSERT INTO sealed ({_COLUMNS}) SELECT mark_id, sha256, manifest_label, "  # noqa: S608
    "signed_hash(perceptual_hash), title, kind, created, manifest FROM earlier"
)
_NEAR = " UNION ".join(
    f"SELECT rowid, perceptual_hash FROM sealed WHERE (perceptual_hash >> {_BAND_BITS * band} & 65535) "  # noqa: S608
    f"IN (SELECT value FROM json_each(?{band + 1}))"
    for band in range(_BANDS)
)


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
        with self._connection() as connection:
            connection.execute(_INSERT, _row(entry))

    def put_all(self, entries: Iterator[StoreEntry]) -> None:
        """Add many entries in one transaction: all or none.

        Raises:
            StoreError: As for `put`.
        """
        with self._connection() as connection:
            connection.executemany(_INSERT, map(_row, entries))

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

    def find_alike(self, perceptual_hash: int, *, distance: int = 10, limit: int = 10) -> tuple[StoreEntry, ...]:
        """Return the entries that look most alike, the nearest first.

        Args:
            perceptual_hash: The look.
            distance: Most bits that may differ, up to 11.
            limit: Most entries.

        Raises:
            StoreError: The store is damaged or unreadable.
            ValueError: `distance` is above 11.
        """
        if not 0 <= distance <= _MOST_DISTANT:
            raise ValueError(f"a distance of {distance} bits is outside 0 … {_MOST_DISTANT}, which the index serves")
        if not self.path.exists():
            return ()
        bands = [perceptual_hash >> _BAND_BITS * band & (1 << _BAND_BITS) - 1 for band in range(_BANDS)]
        near = [json.dumps([band ^ change for change in _CHANGES]) for band in bands]
        with self._connection(writing=False) as connection:
            found = [
                (((look ^ perceptual_hash) & (1 << 64) - 1).bit_count(), row)
                for row, look in connection.execute(_NEAR, near)
            ]
            nearest = sorted(one for one in found if one[0] <= distance)[:limit]
            return tuple(_entry(connection.execute(_BY_ROW, (row,)).fetchone()) for _, row in nearest)

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
        """Open the file; where its folder is read-only, in the one way that needs no files beside it."""
        if writing or os.access(self.path.parent, os.W_OK):
            return sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
        address = f"{self.path.absolute().as_uri()}?immutable=1"
        return sqlite3.connect(address, timeout=_WAIT_SECONDS, uri=True)


# What two 16-bit numbers that differ in at most 2 bits may differ by.
_CHANGES = tuple(
    sum(1 << bit for bit in bits)
    for count in range(_BAND_DISTANCE + 1)
    for bits in combinations(range(_BAND_BITS), count)
)


def _row(entry: StoreEntry) -> tuple[str | int | bytes, ...]:
    names = (entry.mark_id, entry.sha256, entry.manifest_label)
    return (*names, _signed(entry.perceptual_hash), entry.title, entry.kind.value, entry.created, entry.manifest)


def _entry(row: tuple[str, str, str, int, str, str, str, bytes]) -> StoreEntry:
    mark, digest, label, look, title, kind, created, manifest = row
    return StoreEntry(mark, digest, label, manifest, look & (1 << 64) - 1, title, PayloadKind(kind), created)


def _create(path: Path) -> None:
    """Make an empty store beside its place and link it there: whole or not at all, and the first of several wins."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".store-") as made:
        whole = Path(made) / path.name
        with closing(sqlite3.connect(whole)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.commit()
        try:
            path.hardlink_to(whole)
        except FileExistsError:
            return


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Rewrite a store of version 0, which kept hashes as text and could not be asked for looks."""
    if _version(connection) == _VERSION:
        return
    connection.create_function("signed_hash", 1, lambda text: _signed(int(text, 16)))
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == _VERSION:  # another process was faster
            return
        for statement in ("ALTER TABLE sealed RENAME TO earlier", "DROP INDEX sealed_by_label", *_SCHEMA, _CARRY_OVER):
            connection.execute(statement)
        connection.execute("DROP TABLE earlier")


def _version(connection: sqlite3.Connection) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > _VERSION:
        raise ValueError(f"it has version {version}, made by a newer facetrail; this one knows up to {_VERSION}")
    return version


def _signed(look: int) -> int:
    """Return 64 bits as the signed integer that SQLite stores."""
    return look - (look >> 63 << 64)
