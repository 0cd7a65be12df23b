"""Compare the states of public files with those of the C2PA library itself; write results/public_files.csv.

The library's own reader opens each file under the type that its suffix names, with the same trusted roots. Every
difference is explained by a rule below; a difference that none explains makes the program fail. The files are those of
https://github.com/contentauth/c2pa-rs (`sdk/tests/fixtures`, `cli/tests/fixtures`) and
https://github.com/c2pa-org/public-testfiles, or any other folder.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import c2pa

from benchmarks.results_csv import write_records
from watermark import CredentialState, Deployment, MediaError, Provenance, TrustPolicy, read_provenance
from watermark.credential.credential import CODE_CONTENT_NOT_CHECKED, CODE_HIDDEN
from watermark.credential.signing import library_context, library_settings

RESULTS = Path("results/public_files.csv")
NO_MANIFEST, REMOTE, UNSUPPORTED, UNREADABLE = "no manifest", "remote manifest", "unsupported type", "unreadable"
REFUSED = "refused"
SAME: dict[str, str] = {
    "Trusted": CredentialState.TRUSTED,
    "Valid": CredentialState.VALID_UNKNOWN_SIGNER,
    "Invalid": CredentialState.ALTERED,
    NO_MANIFEST: CredentialState.ABSENT,
    REMOTE: CredentialState.ABSENT,
    UNSUPPORTED: REFUSED,
    UNREADABLE: REFUSED,
}
"""Our state for each answer of the library."""


@dataclass(frozen=True)
class Answer:
    """The library's state of a file, and the codes of what failed in its active manifest."""

    state: str
    codes: tuple[str, ...] = ()


def library_answer(path: Path, context: c2pa.Context) -> Answer:
    """Return what the library says about a file whose suffix names its type."""
    try:
        with path.open("rb") as stream, c2pa.Reader(path.suffix[1:].lower(), stream, context=context) as reader:
            report = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Answer(NO_MANIFEST)
    except c2pa.C2paError.NotSupported:
        return Answer(UNSUPPORTED)
    except c2pa.C2paError as error:
        return Answer(REMOTE if "remote manifest" in str(error).lower() else UNREADABLE)
    failures = report.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    return Answer(str(report.get("validation_state")), tuple(dict.fromkeys(str(one["code"]) for one in failures)))


def why_different(library: Answer, found: Provenance | None) -> str:
    """Return the rule by which our state differs from the library's, empty where there is none."""
    if found is None:
        damaged = library.state == NO_MANIFEST
        return "no frame can be decoded, so a damaged file is not called one without a credential" if damaged else ""
    credential = found.credential
    if library.state == "Invalid" and CODE_CONTENT_NOT_CHECKED in credential.codes:
        return "a manifest in a file of its own: it holds, and its content is not there to be compared"
    if library.state == "Valid" and credential.state is CredentialState.TRUSTED and credential.identities:
        return "the signer is trusted, only the issuer of the CAWG identity beside it is unknown"
    if library.state == UNREADABLE and CODE_HIDDEN in credential.codes:
        return "holds a manifest that the library refuses to read, which looks like a damaged one"
    if library.state == "Invalid" and library.codes and set(library.codes) <= {"signingCredential.expired"}:
        return "only the signer's certificate has expired"
    return ""


def compare(path: Path, name: str, roots: str, policy: TrustPolicy, deployment: Deployment) -> dict[str, object]:
    """Return the row of one file."""
    library = library_answer(path, library_context(library_settings(policy.anchors)))
    found: Provenance | None
    try:
        found = read_provenance(path, deployment, policy=policy, search=0)
    except MediaError:
        found = None
    credential = None if found is None else found.credential
    ours = REFUSED if credential is None else credential.state.value
    equal = ours == SAME.get(library.state)
    return {
        "file": name,
        "trusted_roots": roots,
        "library": library.state,
        "library_codes": " ".join(library.codes),
        "ours": ours,
        "our_codes": "" if credential is None else " ".join(credential.codes),
        "identities": "" if credential is None else " ".join(one.state.value for one in credential.identities),
        "mark_looked_for": found is not None and found.mark is not None,
        "equal": equal,
        "why": "" if equal else why_different(library, found) or "not explained",
        "c2pa_version": c2pa.__version__,
    }


def rows_of(folder: Path, trust: list[Path]) -> Iterator[dict[str, object]]:
    """Yield a row for each file, without further roots and then with each bundle of roots."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() != ".md")
    with tempfile.TemporaryDirectory() as home:
        deployment = Deployment.open(Path(home))
        for roots in (None, *trust):
            extra = () if roots is None else (roots.read_text("utf-8-sig"),)
            policy = TrustPolicy((*deployment.trust.anchors, *extra))
            for path in files:
                name = path.relative_to(folder).as_posix()
                yield compare(path, name, "none" if roots is None else roots.name, policy, deployment)


def main() -> None:
    """Compare and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with the files, at any depth")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="PEM", help="compare with these too")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="CSV", help=f"table to write (default: {RESULTS})")
    options = parser.parse_args()
    rows = list(rows_of(options.folder, options.trust))
    write_records(options.out, rows)
    equal, unexplained = sum(bool(row["equal"]) for row in rows), [row for row in rows if row["why"] == "not explained"]
    print(f"{len(rows)} comparisons: {equal} equal, {len(rows) - equal} different, {len(unexplained)} not explained")
    if unexplained:
        raise SystemExit("\n".join(f"{row['file']}: {row['library']}, ours {row['ours']}" for row in unexplained))


if __name__ == "__main__":
    main()
