"""The truth table: credential × mark × score → finding."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from detectors import Score
from forensics.verdict import Finding, Thresholds, Verdict, judge, says_generated
from watermark import Credential, CredentialState, MarkReading, PayloadKind, Provenance

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"

CREDENTIALS = {
    "altered": (CredentialState.ALTERED, GENERATED),
    "trusted generated": (CredentialState.TRUSTED, GENERATED),
    "unknown generated": (CredentialState.VALID_UNKNOWN_SIGNER, GENERATED),
    "trusted captured": (CredentialState.TRUSTED, CAPTURED),
    "unknown captured": (CredentialState.VALID_UNKNOWN_SIGNER, CAPTURED),
    "trusted silent": (CredentialState.TRUSTED, None),
    "recovered": (CredentialState.RECOVERED_BY_MARK, GENERATED),
    "absent": (CredentialState.ABSENT, None),
}
MARKS = {
    "generated": MarkReading(
        present=True, ours=True, id="00112233aabb", kind=PayloadKind.GENERATED, z=30.0, p_value=0.0
    ),
    "control": MarkReading(present=True, ours=True, id="00112233aabb", kind=PayloadKind.CONTROL, z=30.0, p_value=0.0),
    "unreadable": MarkReading(present=True, ours=False, id=None, kind=None, z=9.0, p_value=1e-9),
    "none": MarkReading(present=False, ours=False, id=None, kind=None, z=0.3, p_value=0.4),
    "unread": None,
}
SCORES = ("high", "middle", "low", "high out of scope", "high uncalibrated", "missing")


def make_score(name: str) -> Score | None:
    if name == "missing":
        return None
    probability = {"high": 0.97, "middle": 0.6, "low": 0.1}[name.split()[0]]
    return Score(
        detector="toy",
        probability=probability,
        calibrated="uncalibrated" not in name,
        in_scope="out of scope" not in name,
        frames=1,
        frame_probabilities=(probability,),
    )


def verdict(credential: str, mark: str, score: str) -> Verdict:
    state, source_type = CREDENTIALS[credential]
    reading = Credential(
        state=state,
        codes=("assertion.dataHash.mismatch",) if state is CredentialState.ALTERED else (),
        signer=None if state is CredentialState.ABSENT else "Example Signer",
        source_type=source_type,
        actions=(),
        recovered=state is CredentialState.RECOVERED_BY_MARK,
        title=None,
        manifest_json=None,
    )
    return judge(Provenance(path=Path("x.png"), mark=MARKS[mark], credential=reading), make_score(score))


def expected(credential: str, mark: str, score: str) -> Finding:
    """The table of the module's docstring, row by row, written down a second time."""
    rows: list[tuple[bool, Finding]] = [
        (credential == "altered", Finding.ALTERED),
        (credential.endswith(" generated") and mark == "control", Finding.CONFLICTING),
        (credential.endswith(" generated"), Finding.DECLARED),
        (
            mark in ("generated", "unreadable")
            and credential in ("trusted captured", "unknown captured", "trusted silent"),
            Finding.CONFLICTING,
        ),
        (mark in ("generated", "unreadable"), Finding.MARKED),
        (score == "high" and credential in ("trusted captured", "trusted silent"), Finding.CONFLICTING),
        (score == "high", Finding.SUSPECT),
        (score == "low", Finding.NOTHING_FOUND),
        (True, Finding.INCONCLUSIVE),
    ]
    return next(finding for holds, finding in rows if holds)


@pytest.mark.parametrize(("credential", "mark", "score"), list(itertools.product(CREDENTIALS, MARKS, SCORES)))
def test_every_row_of_the_truth_table_holds(credential: str, mark: str, score: str) -> None:
    assert verdict(credential, mark, score).finding is expected(credential, mark, score)


@pytest.mark.parametrize(("credential", "mark", "score"), list(itertools.product(CREDENTIALS, MARKS, SCORES)))
def test_every_verdict_gives_one_full_sentence_for_each_witness(credential: str, mark: str, score: str) -> None:
    reasons = verdict(credential, mark, score).reasons
    assert len(reasons) == len(set(reasons)) == 3
    assert all(reason.endswith(".") and reason[0].isupper() for reason in reasons)


def test_no_finding_calls_a_file_genuine() -> None:
    assert not {"authentic", "genuine", "real"} & set(Finding)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("credential", ["trusted generated", "unknown generated"])
def test_a_signed_generated_outranks_any_score(credential: str, score: str) -> None:
    assert verdict(credential, "none", score).finding is Finding.DECLARED


@pytest.mark.parametrize("score", ["high out of scope", "high uncalibrated", "missing"])
def test_a_score_that_cannot_be_relied_on_never_makes_a_suspect(score: str) -> None:
    found = {verdict(credential, mark, score).finding for credential in CREDENTIALS for mark in MARKS}
    assert Finding.SUSPECT not in found
    assert Finding.NOTHING_FOUND not in found


def test_the_decisive_witness_speaks_first() -> None:
    assert "mark 00112233aabb" in verdict("recovered", "generated", "low").reasons[0]
    assert "0.97" in verdict("absent", "none", "high").reasons[0]
    assert "changed after it was signed" in verdict("altered", "generated", "high").reasons[0]
    assert "says that a machine made" in verdict("trusted generated", "none", "low").reasons[0]


def test_absence_is_said_to_prove_nothing() -> None:
    reasons = verdict("absent", "none", "low").reasons
    assert sum("proves nothing" in reason for reason in reasons) == 2


def test_findings_that_deserve_attention_are_the_five_of_the_contract() -> None:
    names = {finding.name for finding in Finding if finding.deserves_attention}
    assert names == {"DECLARED", "MARKED", "ALTERED", "CONFLICTING", "SUSPECT"}


@pytest.mark.parametrize(
    ("source_type", "says"),
    [(GENERATED, True), ("compositeWithTrainedAlgorithmicMedia", True), (CAPTURED, False), ("", False), (None, False)],
)
def test_source_types_of_machines_are_recognised_by_their_last_part(source_type: str | None, says: bool) -> None:
    assert says_generated(source_type) is says


@pytest.mark.parametrize(("quiet", "suspect"), [(0.9, 0.8), (0.0, 0.8), (0.5, 1.1)])
def test_thresholds_out_of_order_are_refused(quiet: float, suspect: float) -> None:
    with pytest.raises(ValueError, match="quiet"):
        Thresholds(suspect=suspect, quiet=quiet)
