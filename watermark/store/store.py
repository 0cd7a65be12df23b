"""Define what a manifest store offers, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from .manifest_store import StoreEntry


class Store(Protocol):
    """A store of the manifests of sealed files; several threads and processes may use one at once.

    Every call is a transaction of its own, and what `put` has returned from is durable. Whatever prevents a call is
    raised as a StoreError.
    """

    @property
    def place(self) -> str:
        """Return where the store is, for people, without a password."""
        ...

    def put(self, entry: StoreEntry) -> None:
        """Add an entry, in place of an earlier one of the same mark and file."""
        ...

    def put_all(self, entries: Iterator[StoreEntry]) -> None:
        """Add many entries: all or none."""
        ...

    def remove(self, entry: StoreEntry) -> None:
        """Remove an entry."""
        ...

    def find(self, mark_id: str) -> tuple[StoreEntry, ...]:
        """Return every entry with a mark id, the newest first."""
        ...

    def find_manifest(self, label: str) -> StoreEntry | None:
        """Return the entry whose active manifest has a label, or None."""
        ...

    def find_alike(self, perceptual_hash: int, *, distance: int = 10, limit: int = 10) -> tuple[StoreEntry, ...]:
        """Return the entries that look most alike, the nearest first."""
        ...
