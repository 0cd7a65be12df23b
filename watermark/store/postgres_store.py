"""Keep the manifests of sealed files in a PostgreSQL database, which several machines may share.

Looks are compared by the Hamming distance of 64-bit hashes, and the database scans all of them, as the store in a file
does. A few connections are kept open and shared by all threads of a process; one that the server has closed is opened
anew, once. This module needs the optional packages of `facetrail[postgres]`.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from watermark.errors import StoreError
from watermark.mark.payload import PayloadKind

from .manifest_store import StoreEntry

if TYPE_CHECKING:
    from psycopg import Connection

_LOG = logging.getLogger(__name__)
_Result = TypeVar("_Result")

SCHEMES = ("postgresql://", "postgres://")
"""How the address of a database begins."""

_VERSION = 1
_CONNECTIONS = 8
_WAIT_SECONDS = 30
_LOCK = 871_000_001  # any number that no other program uses in the same database

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS facetrail_store (version integer NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS facetrail_sealed (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        mark_id text NOT NULL,
        sha256 text NOT NULL,
        manifest_label text NOT NULL,
        perceptual_hash bigint NOT NULL,
        title text NOT NULL,
        kind text NOT NULL,
        created text NOT NULL,
        manifest bytea NOT NULL,
        UNIQUE (mark_id, sha256)
    )
    """,
    "CREATE INDEX IF NOT EXISTS facetrail_sealed_by_label ON facetrail_sealed (manifest_label)",
)
_COLUMNS = "mark_id, sha256, manifest_label, perceptual_hash, title, kind, created, manifest"
_INSERT = f"""
    INSERT INTO facetrail_sealed ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (mark_id, sha256) DO UPDATE SET manifest_label = EXCLUDED.manifest_label,
    perceptual_hash = EXCLUDED.perceptual_hash, title = EXCLUDED.title, kind = EXCLUDED.kind,
    created = EXCLUDED.created, manifest = EXCLUDED.manifest
"""  # noqa: S608 - the names are ours  # nosec B608
_SELECT = f"SELECT {_COLUMNS} FROM facetrail_sealed"  # noqa: S608  # nosec B608
_DISTANCE = "bit_count((perceptual_hash # %(look)s::bigint)::bit(64))"
_ALIKE = f"{_SELECT} WHERE {_DISTANCE} <= %(distance)s ORDER BY {_DISTANCE}, number LIMIT %(limit)s"


class PostgresStore:
    """Store entries in a PostgreSQL database; see `Store` for what every call promises."""

    def __init__(self, address: str) -> None:
        """Set the address of the database; the first call connects, and makes the tables where there are none.

        Args:
            address: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, with the parameters of libpq.

        Raises:
            StoreError: The optional package is missing, or the address cannot be understood.
        """
        try:
            import psycopg
            from psycopg import conninfo
        except ImportError as error:
            raise StoreError(
                "a manifest store in PostgreSQL needs the extra `postgres`: pip install 'facetrail[postgres]'"
            ) from error
        self._psycopg = psycopg
        self._address = address
        try:
            parts = conninfo.conninfo_to_dict(address)
        except psycopg.Error as error:
            raise StoreError(f"the address of the manifest store cannot be understood ({_line(error)})") from None
        host, port, name = (parts.get(key) for key in ("host", "port", "dbname"))
        self.place = f"postgresql://{host or 'localhost'}:{port or 5432}/{name or ''}"
        self._idle: queue.LifoQueue[Connection[Any]] = queue.LifoQueue()
        self._places = threading.BoundedSemaphore(_CONNECTIONS)
        self._is_ready = False

    def put(self, entry: StoreEntry) -> None:
        """Add an entry; it is durable when this returns."""
        self.put_all(iter((entry,)))
        _LOG.debug("stored the manifest %s under mark %s in %s", entry.manifest_label, entry.mark_id, self.place)

    def put_all(self, entries: Iterator[StoreEntry]) -> None:
        """Add many entries in one transaction: all or none."""
        rows = [_row(entry) for entry in entries]

        def insert(connection: Connection[Any]) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(_INSERT, rows)

        self._run(insert)

    def remove(self, entry: StoreEntry) -> None:
        """Remove an entry."""
        named = (entry.mark_id, entry.sha256)
        self._run(
            lambda connection: connection.execute(
                "DELETE FROM facetrail_sealed WHERE mark_id = %s AND sha256 = %s", named
            )
        )

    def find(self, mark_id: str) -> tuple[StoreEntry, ...]:
        """Return every entry with a mark id, the newest first."""
        return self._select(f"{_SELECT} WHERE mark_id = %(mark_id)s ORDER BY created DESC", {"mark_id": mark_id})

    def find_manifest(self, label: str) -> StoreEntry | None:
        """Return the entry whose active manifest has a label, or None where it was sealed elsewhere."""
        if "\0" in label:  # no text of the database holds one
            return None
        return next(iter(self._select(f"{_SELECT} WHERE manifest_label = %(label)s", {"label": label})), None)

    def find_alike(self, perceptual_hash: int, *, distance: int = 10, limit: int = 10) -> tuple[StoreEntry, ...]:
        """Return the entries that look most alike, the nearest first.

        Args:
            perceptual_hash: Hash of the look.
            distance: Maximum number of different bits.
            limit: Maximum number of entries.
        """
        return self._select(_ALIKE, {"look": _signed(perceptual_hash), "distance": distance, "limit": limit})

    def close(self) -> None:
        """Close the connections that are not in use."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def __del__(self) -> None:
        """Close what is open when the store is forgotten."""
        if hasattr(self, "_idle"):
            self.close()

    def _select(self, statement: str, values: dict[str, object]) -> tuple[StoreEntry, ...]:
        return self._run(
            lambda connection: tuple(_entry(row) for row in connection.execute(statement, values).fetchall())
        )

    def _run(self, work: Callable[[Connection[Any]], _Result]) -> _Result:
        """Do one transaction on a free connection; where an idle one has died, do it again on a new one.

        Raises:
            StoreError: The database cannot be reached, refuses, or has no free connection for too long.
        """
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise StoreError(f"{self.place}: all {_CONNECTIONS} connections are in use for {_WAIT_SECONDS} s; ask less")
        try:
            while True:
                connection, is_new = self._connection()
                try:
                    with connection.transaction():
                        done = work(connection)
                except self._psycopg.OperationalError:
                    connection.close()
                    if is_new:
                        raise
                    self.close()  # the others have died with it
                    continue
                except BaseException:
                    connection.close()
                    raise
                self._idle.put(connection)
                return done
        except (self._psycopg.Error, ValueError) as error:
            raise StoreError(
                f"{self.place}: the manifest store cannot be used ({_line(error)}); check that the database runs, and "
                "who may use it"
            ) from error
        finally:
            self._places.release()

    def _connection(self) -> tuple[Connection[Any], bool]:
        """Return a connection, and whether it is a new one."""
        try:
            return self._idle.get_nowait(), False
        except queue.Empty:
            pass
        connection = self._psycopg.connect(
            self._address, autocommit=True, connect_timeout=10, application_name="facetrail"
        )
        try:
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (f"{_WAIT_SECONDS}s",))
            if not self._is_ready:
                _make_ready(connection)
                self._is_ready = True
        except BaseException:
            connection.close()
            raise
        return connection, True


def _make_ready(connection: Connection[Any]) -> None:
    """Make the tables where there are none; of several processes that try at once, one makes them."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if connection.execute("SELECT to_regclass('facetrail_store')").fetchone() == (None,):
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO facetrail_store VALUES (%s)", (_VERSION,))
        found = connection.execute("SELECT max(version) FROM facetrail_store").fetchone()
    if found is None or found[0] != _VERSION:
        raise ValueError(f"its tables have version {found and found[0]}; this facetrail knows {_VERSION}")


def _row(entry: StoreEntry) -> tuple[object, ...]:
    look, kind = _signed(entry.perceptual_hash), entry.kind.value
    title = entry.title.replace("\0", "\ufffd")  # which no text of the database holds
    return entry.mark_id, entry.sha256, entry.manifest_label, look, title, kind, entry.created, entry.manifest


def _entry(row: tuple[Any, ...]) -> StoreEntry:
    mark, digest, label, look, title, kind, created, manifest = row
    return StoreEntry(mark, digest, label, bytes(manifest), look & (1 << 64) - 1, title, PayloadKind(kind), created)


def _signed(look: int) -> int:
    """Return 64 bits as the signed integer that PostgreSQL stores."""
    return look - (look >> 63 << 64)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
