from __future__ import annotations

from pathlib import Path

import pytest

from watermark import CredentialState, read_provenance

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
