from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watermark import ManifestStore, PayloadKind, StoreError
from watermark.store import manifest_store
from watermark.store.manifest_store import StoreEntry

ENTRY = StoreEntry(
    "00112233aabb", "d" * 64, "urn:c2pa:1", b"\0manifest", 2**63 + 5, "face.png", PayloadKind.GENERATED, "2026-01-01"
)


WRITER = """
import sys
from pathlib import Path
from watermark import ManifestStore, PayloadKind
from watermark.store.manifest_store import StoreEntry
store = ManifestStore(Path(sys.argv[1]))
for number in range(10_000):
    entry = StoreEntry(f"{number:012x}", f"{number}", "urn", b"m", number, "t", PayloadKind.GENERATED, "2026")
    store.put(entry)
    print(number, flush=True)
"""


def put_some(path, writer, count):
    store = ManifestStore(path)
    for number in range(count):
        look = int(writer, 16) << 60 | number
        names = {"sha256": f"{writer}-{number}", "manifest_label": f"urn:{writer}-{number}"}
        store.put(replace(ENTRY, **names, perceptual_hash=look))


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


@pytest.mark.slow
def test_threads_and_processes_write_at_once_from_the_first_entry_on(tmp_path):
    path = tmp_path / "s.sqlite3"
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes, ThreadPoolExecutor(4) as threads:
        waiting = [processes.submit(put_some, path, f"{i:x}", 40) for i in range(3)]
        waiting += [threads.submit(put_some, path, f"{i:x}", 10) for i in range(3, 7)]
        for one in waiting:
            one.result()
    written = {f"{i:x}-{number}" for i in range(7) for number in range(40 if i < 3 else 10)}
    store = ManifestStore(path)
    assert {entry.sha256 for entry in store.find(ENTRY.mark_id)} == written
    assert {entry.sha256 for entry in store.find_alike(0, distance=64, limit=1000)} == written
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
def test_a_writer_that_is_killed_loses_nothing_that_it_was_told_is_there(tmp_path):
    path = tmp_path / "s.sqlite3"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as writer:
        told = [next(writer.stdout).strip() for _ in range(30)]
        writer.kill()
        told += writer.stdout.read().split()
    store = ManifestStore(path)
    for name in told:
        assert [entry.sha256 for entry in store.find(f"{int(name):012x}")] == [name]
    found = {entry.sha256 for entry in store.find_alike(0, distance=64, limit=10_000)}
    assert set(told) <= found
    store.put(ENTRY)  # and no lock blocks the next insert
    assert store.find(ENTRY.mark_id) == (ENTRY,)


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
    """Return a store of 3000 looks, some of them similar to each other."""
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


@pytest.mark.parametrize("distance", [0, 4, 10, 23])
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


LOOKS = st.sampled_from([0, 1, 3, 2**63, 2**64 - 1, 0xF0F0_F0F0_F0F0_F0F0]) | st.integers(0, 2**64 - 1)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "put", "remove"]), st.integers(0, 5), LOOKS), max_size=30)


@settings(max_examples=40, deadline=None)
@given(STEPS, LOOKS, st.integers(0, 64))
def test_whatever_was_put_replaced_and_taken_back_looks_are_found_as_by_a_scan(steps, wanted, distance):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_store, "_BLOCK", 4)  # so that several blocks are used
        store, there = ManifestStore(Path(folder) / "s.sqlite3"), {}
        for step, name, look in steps:
            entry = replace(ENTRY, sha256=f"{name}", perceptual_hash=look)
            if step == "put":
                store.put(entry)
                there[name] = look
            else:
                store.remove(entry)
                there.pop(name, None)
        found = store.find_alike(wanted, distance=distance, limit=100)
    expected = {name: look for name, look in there.items() if (look ^ wanted).bit_count() <= distance}
    assert {int(entry.sha256): entry.perceptual_hash for entry in found} == expected
    assert len(found) == len(expected)


def test_every_question_for_a_name_is_answered_through_an_index(crowd):
    store, _ = crowd
    questions = (manifest_store._BY_MARK, manifest_store._BY_LABEL, manifest_store._BY_NUMBER)
    with closing(sqlite3.connect(store.path)) as connection:
        for statement in questions:
            plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", ["1"])]
            assert not [step for step in plan if step.startswith("SCAN")]
            assert any("USING" in step and ("INDEX" in step or "PRIMARY KEY" in step) for step in plan)


def test_a_store_that_was_vacuumed_still_finds_looks(tmp_path):
    store = ManifestStore(tmp_path / "s.sqlite3")
    entries = [replace(ENTRY, sha256=f"{i}", perceptual_hash=(1 << 10 * i) - 1) for i in range(6)]
    store.put_all(iter(entries))
    store.remove(entries[0])
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("VACUUM")
    assert store.find_alike(entries[4].perceptual_hash, distance=0) == (entries[4],)


COLUMNS = "mark_id, sha256, manifest_label, manifest, perceptual_hash, title, kind, created"
OLD_SCHEMA = """
CREATE TABLE sealed (mark_id TEXT NOT NULL, sha256 TEXT NOT NULL, manifest_label TEXT NOT NULL, manifest BLOB NOT NULL,
    perceptual_hash {look} NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (mark_id, sha256));
CREATE INDEX sealed_by_label ON sealed (manifest_label);
PRAGMA user_version = {version};
"""
INDEXES = "".join(
    f"CREATE INDEX sealed_by_look{band} ON sealed ((perceptual_hash >> {16 * band} & 65535), perceptual_hash);"
    for band in range(4)
)
OLD = {
    0: (OLD_SCHEMA.format(look="TEXT", version=0), f"{ENTRY.perceptual_hash:016x}"),
    1: (OLD_SCHEMA.format(look="INTEGER", version=1) + INDEXES, ENTRY.perceptual_hash - 2**64),
}


def old_store(path, version, look=None):
    schema, own = OLD[version]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(schema)
        names = (ENTRY.mark_id, ENTRY.sha256, ENTRY.manifest_label, ENTRY.manifest)
        row = (*names, own if look is None else look, ENTRY.title, ENTRY.kind, ENTRY.created)
        connection.execute(f"INSERT INTO sealed ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        connection.commit()


@pytest.mark.parametrize("version", [0, 1])
def test_a_store_of_an_earlier_version_is_carried_over_even_by_several_at_once(tmp_path, version):
    path = tmp_path / "s.sqlite3"
    old_store(path, version)
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: ManifestStore(path).find(ENTRY.mark_id), range(12)))
    assert set(found) == {(ENTRY,)}
    assert ManifestStore(path).find_alike(ENTRY.perceptual_hash) == (ENTRY,)
    ManifestStore(path).put(replace(ENTRY, sha256="later"))
    assert len(ManifestStore(path).find_alike(ENTRY.perceptual_hash)) == 2


def test_a_store_that_cannot_be_carried_over_is_left_as_it_was(tmp_path):
    path = tmp_path / "s.sqlite3"
    old_store(path, 0, look="no hash")
    with pytest.raises(StoreError, match=r"s\.sqlite3: the manifest store cannot be used"):
        ManifestStore(path).find(ENTRY.mark_id)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT mark_id, perceptual_hash FROM sealed").fetchall() == [
            (ENTRY.mark_id, "no hash")
        ]
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_store_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "s.sqlite3"
    ManifestStore(path).put(ENTRY)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="has version 99, made by a newer facetrail"):
        ManifestStore(path).find("a")
