import sqlite3
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

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


def test_a_read_only_store_refuses_writing_and_still_answers(tmp_path, monkeypatch):
    path = tmp_path / "s.sqlite3"
    ManifestStore(path).put(ENTRY)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: connect(f"file:{path}?mode=ro", uri=True, **options)
    )
    with pytest.raises(StoreError, match="readonly database"):
        ManifestStore(path).put(ENTRY)
    assert ManifestStore(path).find(ENTRY.mark_id) == (ENTRY,)


def test_a_store_in_a_missing_folder_is_one_clear_line(tmp_path):
    with pytest.raises(StoreError, match=r"s\.sqlite3: the manifest store cannot be used"):
        ManifestStore(tmp_path / "none" / "s.sqlite3").put(ENTRY)
