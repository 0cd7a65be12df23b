from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.watermark.public_files import rows_of
from watermark import CredentialState, encode_still, read_provenance

FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "c2pa"
EXPECTED = {
    "C": CredentialState.VALID_UNKNOWN_SIGNER,
    "CA": CredentialState.VALID_UNKNOWN_SIGNER,
    "CAICA": CredentialState.VALID_UNKNOWN_SIGNER,
    "E-clm-CAICAI": CredentialState.ALTERED,
    "E-dat-CA": CredentialState.ALTERED,
    "E-sig-CA": CredentialState.ALTERED,
    "E-uri-CA": CredentialState.ALTERED,
    "I": CredentialState.ABSENT,
    "XCA": CredentialState.ALTERED,
}


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the public C2PA test files are not beside this checkout")
@pytest.mark.parametrize("name", EXPECTED)
def test_public_test_files_read_as_their_makers_meant_them(deployment, name):
    found = read_provenance(FOLDER / f"adobe-20220124-{name}.jpg", deployment, search=0)
    assert found.credential.state is EXPECTED[name]
    assert found.mark is not None
    assert not found.mark.present


def test_the_comparison_with_the_library_explains_each_difference(deployment, sealed, pictures, tmp_path):
    data = sealed[".png"].path.read_bytes()
    store = deployment.store.find(sealed[".png"].payload.hex)[0].manifest
    encode_still(pictures["face"], tmp_path / "unsigned.png")
    for name, content in (
        ("sealed.png", data),
        ("altered.png", data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]),
        ("broken.png", data.replace(b"jumdc2ma", b"jumdc2mx")),
        ("alone.c2pa", store),
        ("text.bin", b"no picture"),
        ("empty.jpg", b"\xff\xd8\xff\xd9"),
    ):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "roots").mkdir()
    root = tmp_path / "roots" / "root.md"
    root.write_text(deployment.identity.root_pem)
    rows = {(row["file"], row["trusted_roots"]): row for row in rows_of(tmp_path, [root])}
    assert len(rows) == 14
    assert [row for row in rows.values() if row["why"] == "not explained"] == []
    states = {file: (row["library"], row["ours"]) for (file, roots), row in rows.items() if roots == "root.md"}
    assert states["sealed.png"] == ("Trusted", "trusted")
    assert states["altered.png"] == ("Invalid", "altered")
    assert states["unsigned.png"] == ("no manifest", "absent")
    assert states["alone.c2pa"] == ("Invalid", "trusted")
    assert states["text.bin"] == ("unsupported type", "refused")
    assert rows["sealed.png", "none"]["ours"] == "valid_unknown_signer"


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the public C2PA test files are not beside this checkout")
def test_every_public_file_reads_as_the_library_says_or_for_a_reason():
    rows = list(rows_of(FOLDER, [FOLDER / "more" / "rs-test_cert_root_bundle.pem"]))
    assert len(rows) > 100
    assert {row["file"]: row["library"] for row in rows if row["why"] == "not explained"} == {}
    assert sum(bool(row["equal"]) for row in rows) > 0.9 * len(rows)
