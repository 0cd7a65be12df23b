import json
import os
import sqlite3
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

import watermark.store
from watermark import ManifestStore, PayloadKind, StoreError
from watermark.store import StoreEntry

ENTRY = StoreEntry(
    "00112233aabb", "d" * 64, "urn:c2pa:1", b"\0manifest", 2**63 + 5, "face.png", PayloadKind.GENERATED, "2026-01-01"
)


def put_some(path, writer):
    store = ManifestStore(path)
    for number in range(5):
        store.put(replace(ENTRY, sha256=f"{writer}-{number}", manifest_label=f"urn:{writer}-{number}"))


def test_an_entry_comes_back_as_it_was_put(tmp_path):
    store = ManifestStore(tmp_path / "s.sqlite3")
    store.put(ENTRY)
    assert store.find(ENTRY.mark_id) == (ENTRY,)
    assert store.find_manifest("urn:c2pa:1") == ENTRY


def test_an_empty_store_finds_nothing_and_leaves_no_file(tmp_path):
    store = ManifestStore(tmp_path / "s.sqlite3")
    assert store.find("0" * 12) == ()
    assert store.find_manifest("urn") is None
    assert list(tmp_path.iterdir()) == []


def test_files_with_one_mark_are_all_kept_newest_first_and_can_be_taken_back(tmp_path):
    store = ManifestStore(tmp_path / "s.sqlite3")
    later = replace(ENTRY, sha256="e" * 64, manifest_label="urn:c2pa:2", created="2026-02-01")
    store.put(ENTRY)
    store.put(later)
    assert store.find(ENTRY.mark_id) == (later, ENTRY)
    store.remove(later)
    assert store.find(ENTRY.mark_id) == (ENTRY,)


def test_threads_and_processes_write_at_once_from_the_first_entry_on(tmp_path):
    path = tmp_path / "s.sqlite3"
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes, ThreadPoolExecutor(4) as threads:
        waiting = [processes.submit(put_some, path, f"p{i}") for i in range(2)]
        waiting += [threads.submit(put_some, path, f"t{i}") for i in range(4)]
        for one in waiting:
            one.result()
    assert len(ManifestStore(path).find(ENTRY.mark_id)) == 30
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_damaged_store_is_one_clear_line(tmp_path):
    path = tmp_path / "s.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    for act in (lambda: ManifestStore(path).find("a"), lambda: ManifestStore(path).put(ENTRY)):
        with pytest.raises(StoreError, match=r"s\.sqlite3: .* not a database\); check .* move it away") as caught:
            act()
        assert "\n" not in str(caught.value)


def test_a_read_only_store_refuses_writing(tmp_path, monkeypatch):
    path = tmp_path / "s.sqlite3"
    ManifestStore(path).put(ENTRY)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: connect(f"file:{path}?mode=ro", uri=True, **options)
    )
    with pytest.raises(StoreError, match="readonly database"):
        ManifestStore(path).put(ENTRY)


def test_a_store_in_a_read_only_folder_still_answers_and_writes_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "a folder" / "s.sqlite3"
    path.parent.mkdir()
    ManifestStore(path).put(ENTRY)
    monkeypatch.setattr(os, "access", lambda *_: False)
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name, **options: opened.append(name) or connect(name, **options))
    assert ManifestStore(path).find(ENTRY.mark_id) == (ENTRY,)
    assert ManifestStore(path).find_alike(ENTRY.perceptual_hash) == (ENTRY,)
    assert all("immutable=1" in name for name in opened)
    assert [one.name for one in path.parent.iterdir()] == ["s.sqlite3"]


def test_a_store_in_a_missing_folder_is_one_clear_line(tmp_path):
    with pytest.raises(StoreError, match=r"s\.sqlite3: the manifest store cannot be used"):
        ManifestStore(tmp_path / "none" / "s.sqlite3").put(ENTRY)


def brute_force(looks, wanted, distance):
    return sorted(i for i, look in enumerate(looks) if (look ^ wanted).bit_count() <= distance)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A store of 3000 looks, some of them near each other."""
    rng = np.random.default_rng(5)
    looks = [int(look) for look in rng.integers(0, 2**64, 2000, dtype=np.uint64)]
    for look in looks[:1000]:
        changed = look
        for bit in rng.choice(64, rng.integers(0, 14), replace=False):
            changed ^= 1 << int(bit)
        looks.append(changed)
    store = ManifestStore(tmp_path_factory.mktemp("crowd") / "s.sqlite3")
    store.put_all(
        replace(ENTRY, mark_id=f"{i:012x}", sha256=f"{i}", manifest_label=f"urn:{i}", perceptual_hash=look)
        for i, look in enumerate(looks)
    )
    return store, looks


@pytest.mark.parametrize("distance", [0, 4, 10, 11])
def test_looks_are_found_as_a_scan_of_all_would_find_them(crowd, distance):
    store, looks = crowd
    for wanted in [*looks[:40], *looks[2000:2040], 0, 2**64 - 1]:
        found = store.find_alike(wanted, distance=distance, limit=5000)
        assert sorted(int(entry.mark_id, 16) for entry in found) == brute_force(looks, wanted, distance)
        distances = [(entry.perceptual_hash ^ wanted).bit_count() for entry in found]
        assert distances == sorted(distances)


def test_the_nearest_looks_come_first_and_no_more_than_asked(crowd):
    store, looks = crowd
    found = store.find_alike(looks[0], distance=11, limit=1)
    assert [entry.perceptual_hash for entry in found] == [looks[0]]
    with pytest.raises(ValueError, match="12 bits is outside 0 … 11"):
        store.find_alike(0, distance=12)


def test_every_question_is_answered_through_an_index(crowd):
    store, _ = crowd
    bands = [json.dumps([1, 2])] * 4
    questions = ((watermark.store._BY_MARK, ["a"]), (watermark.store._BY_LABEL, ["a"]), (watermark.store._NEAR, bands))
    with closing(sqlite3.connect(store.path)) as connection:
        for statement, values in questions:
            plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert not [step for step in plan if step.startswith("SCAN sealed")]
            assert any("USING" in step and "INDEX" in step for step in plan)


OLD_SCHEMA = """
CREATE TABLE sealed (mark_id TEXT NOT NULL, sha256 TEXT NOT NULL, manifest_label TEXT NOT NULL, manifest BLOB NOT NULL,
    perceptual_hash TEXT NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (mark_id, sha256));
CREATE INDEX sealed_by_label ON sealed (manifest_label);
"""


def test_a_store_of_an_earlier_version_is_carried_over_even_by_several_at_once(tmp_path):
    path = tmp_path / "s.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(OLD_SCHEMA)
        old = (ENTRY.mark_id, ENTRY.sha256, ENTRY.manifest_label, ENTRY.manifest, f"{ENTRY.perceptual_hash:016x}")
        connection.execute(
            "INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*old, ENTRY.title, ENTRY.kind, ENTRY.created)
        )
        connection.commit()
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: ManifestStore(path).find(ENTRY.mark_id), range(12)))
    assert set(found) == {(ENTRY,)}
    assert ManifestStore(path).find_alike(ENTRY.perceptual_hash) == (ENTRY,)


def test_a_store_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "s.sqlite3"
    ManifestStore(path).put(ENTRY)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="has version 99, made by a newer facetrail"):
        ManifestStore(path).find("a")
