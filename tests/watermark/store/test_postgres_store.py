"""The manifest store in PostgreSQL keeps the promises of the one in a file, also for several instances at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from benchmarks.service.postgres import postgres, postgres_programs
from watermark import (
    CredentialState,
    Deployment,
    IdentityError,
    ManifestStore,
    PayloadKind,
    PostgresStore,
    StoreError,
    read_provenance,
    seal_file,
)
from watermark.store.manifest_store import StoreEntry

psycopg = pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
pytestmark = pytest.mark.skipif(postgres_programs() is None, reason="no PostgreSQL server is installed")

ENTRY = StoreEntry(
    "00112233aabb", "d" * 64, "urn:c2pa:1", b"\0manifest", 2**63 + 5, "face.png", PayloadKind.GENERATED, "2026-01-01"
)


@pytest.fixture(scope="module")
def server():
    with postgres() as address:
        yield address


@pytest.fixture
def address(server):
    """An empty database of its own."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return server.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def store(address):
    opened = PostgresStore(address)
    yield opened
    opened.close()


def test_an_entry_comes_back_as_it_was_put_and_a_second_one_takes_its_place(store):
    assert (store.find(ENTRY.mark_id), store.find_manifest("urn:c2pa:1")) == ((), None)
    store.put(ENTRY)
    assert store.find(ENTRY.mark_id) == (ENTRY,)
    store.put(replace(ENTRY, title="other"))
    assert store.find_manifest("urn:c2pa:1") == replace(ENTRY, title="other")
    store.remove(ENTRY)
    assert store.find(ENTRY.mark_id) == ()


def test_looks_are_found_as_in_the_store_in_a_file(store, tmp_path):
    rng = np.random.default_rng(3)
    base = int(rng.integers(0, 2**64, dtype=np.uint64))
    looks = [base ^ sum(1 << int(bit) for bit in rng.choice(64, count, replace=False)) for count in range(20)]
    entries = [
        replace(ENTRY, sha256=f"{n}", manifest_label=f"urn:{n}", perceptual_hash=look) for n, look in enumerate(looks)
    ]
    file = ManifestStore(tmp_path / "s.sqlite3")
    for one in (store, file):
        one.put_all(iter(entries))
    for distance, limit in ((0, 10), (7, 3), (10, 100), (64, 100)):
        wanted = [one.sha256 for one in file.find_alike(base, distance=distance, limit=limit)]
        assert [one.sha256 for one in store.find_alike(base, distance=distance, limit=limit)] == wanted
        assert len(wanted) == min(distance + 1, limit, 20)


def test_a_failed_transaction_leaves_nothing(store):
    broken = replace(ENTRY, sha256="e" * 64, manifest_label="\0")
    with pytest.raises(StoreError, match="cannot be used"):
        store.put_all(iter((ENTRY, broken)))
    assert store.find(ENTRY.mark_id) == ()


def test_many_threads_of_two_instances_lose_nothing(address):
    instances = [PostgresStore(address) for _ in range(2)]  # both make the tables, at once
    start = threading.Barrier(24)

    def put(number: int) -> None:
        start.wait()
        for part in range(5):
            label = f"{number}-{part}"
            instances[number % 2].put(replace(ENTRY, sha256=label, manifest_label=label))

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(put, range(24)))
    assert len(instances[0].find(ENTRY.mark_id)) == 120
    for one in instances:
        one.close()


def test_connections_that_the_server_closed_are_opened_anew(store, server):
    store.put(ENTRY)
    with psycopg.connect(server, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'facetrail'")
    assert store.find_manifest(ENTRY.manifest_label) == ENTRY


def test_a_database_that_is_not_there_is_one_line_without_the_password():
    away = PostgresStore("postgresql://me:secret@127.0.0.1:1/none")
    with pytest.raises(
        StoreError, match=r"postgresql://127.0.0.1:1/none: the manifest store cannot be used"
    ) as refused:
        away.find("00")
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_tables_of_a_newer_version_are_refused(address):
    PostgresStore(address).put(ENTRY)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE facetrail_store SET version = 99")
    with pytest.raises(StoreError, match="version 99"):
        PostgresStore(address).find("00")


def test_what_one_instance_sealed_another_one_recovers_by_its_mark(address, tmp_path, monkeypatch):
    monkeypatch.setenv("FACETRAIL_STORE", address)
    first = Deployment.open(tmp_path / "home")
    second = Deployment.open(tmp_path / "home")
    Image.fromarray(astronaut()[:256, 100:356]).save(tmp_path / "p.png")
    receipt = seal_file(tmp_path / "p.png", tmp_path / "sealed.png", PayloadKind.CAPTURED, first)
    Image.open(tmp_path / "sealed.png").convert("RGB").save(tmp_path / "stripped.png")
    found = read_provenance(tmp_path / "stripped.png", second)
    assert found.credential.state is CredentialState.RECOVERED_BY_MARK
    assert (found.mark.id, found.mark.ours) == (receipt.payload.hex, True)
    assert not (tmp_path / "home" / "manifests.sqlite3").exists()
    for one in (first, second):
        one.store.close()


def test_an_address_of_another_kind_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETRAIL_STORE", "mysql://here")
    with pytest.raises(IdentityError, match="FACETRAIL_STORE"):
        Deployment.open(tmp_path / "home")
