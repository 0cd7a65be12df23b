"""The truth table: credential × mark × score → finding."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import Score
from forensics.examination.evidence import (
    CredentialEvidence,
    MarkEvidence,
    ScoreEvidence,
    assess_credential,
    assess_mark,
    assess_score,
)
from forensics.examination.verdict import TABLE, Finding, Thresholds, Verdict, judge, says_generated
from watermark import Credential, CredentialState, MarkReading, PayloadKind, Provenance

TRUSTED, UNKNOWN = CredentialState.TRUSTED, CredentialState.VALID_UNKNOWN_SIGNER
ALTERED, ABSENT, RECOVERED = CredentialState.ALTERED, CredentialState.ABSENT, CredentialState.RECOVERED_BY_MARK
EXPIRED, NOT_ALLOWED = ("signingCredential.expired",), ("org.facetrail.signer.notAllowed",)
UNTRUSTED = ("signingCredential.untrusted",)
ALIKE, DIFFERENT = ("org.facetrail.perceptualHash.match",), ("org.facetrail.perceptualHash.mismatch",)

# What it says → (credential states, codes, source types of its own, source types of its ingredients).
CREDENTIALS: dict[str, tuple[str, Credential]] = {}


def _credential(
    name: str,
    says: str,
    state: CredentialState,
    codes: tuple[str, ...] = (),
    own: tuple[str, ...] = (),
    ingredients: tuple[str, ...] = (),
) -> None:
    CREDENTIALS[name] = (
        says,
        Credential(
            state=state,
            codes=codes,
            signer=None if state is ABSENT else "Example Signer",
            source_type=own[0] if own else None,
            recovered=state is RECOVERED,
            source_types=own,
            ingredient_source_types=ingredients,
        ),
    )


_credential("content changed", "broken", ALTERED, ("assertion.dataHash.mismatch",), ("trainedAlgorithmicMedia",))
_credential("signature changed", "broken", ALTERED, ("claimSignature.mismatch", *UNTRUSTED), ("digitalCapture",))
_credential("pieces left", "broken", ALTERED, ("org.facetrail.manifest.unreadable",))
_credential("no code", "broken", ALTERED)
_credential("revoked", "broken", ALTERED, ("signingCredential.revoked",), ("digitalCapture",))
_credential("revoked by its authority", "broken", ALTERED, ("signingCredential.ocsp.revoked",))
_credential("absent", "nothing", ABSENT)
_credential("on the network", "nothing", ABSENT, ("org.facetrail.remoteManifest.notFetched",))
_credential("recovered", "nothing", RECOVERED, ALIKE, ("trainedAlgorithmicMedia",))
_credential("recovered control", "nothing", RECOVERED, ALIKE, ("digitalCapture",))
_credential("copied mark", "elsewhere", RECOVERED, DIFFERENT, ("trainedAlgorithmicMedia",))
_credential("copied control mark", "elsewhere", RECOVERED, DIFFERENT, ("digitalCapture",))
for _who, _state, _codes, _says in (
    ("trusted", TRUSTED, (), "vouched"),
    ("unknown", UNKNOWN, UNTRUSTED, "signed"),
    ("expired", UNKNOWN, EXPIRED, "signed"),
    ("not allowed", UNKNOWN, NOT_ALLOWED, "signed"),
):
    for _type in (
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
        "algorithmicMedia",
    ):
        _credential(f"{_who} {_type}", "generated", _state, _codes, (_type,))
    _credential(f"{_who} retouched", "generated", _state, _codes, ("digitalCapture", "trainedAlgorithmicMedia"))
    _credential(f"{_who} AI part", "generated", _state, _codes, ("composite",), ("trainedAlgorithmicMedia",))
    _credential(f"{_who} AI parent", "generated", _state, _codes, (), ("digitalCapture", "compositeSynthetic"))
    for _type in ("composite", "compositeCapture", "digitalArt", "digitalCreation", "virtualRecording"):
        _credential(f"{_who} {_type}", "composed", _state, _codes, (_type,))
    for _type in ("digitalCapture", "computationalCapture", "humanEdits", "negativeFilm", "screenCapture", "empty"):
        _credential(f"{_who} {_type}", _says, _state, _codes, (_type,), ("digitalCapture",))
    _credential(f"{_who} silent", _says, _state, _codes)


def _mark(kind: PayloadKind | None, *, ours: bool) -> MarkReading:
    return MarkReading(True, ours, None if kind is None else "00112233aabb", kind, 30.0, 0.0)


MARKS: dict[str, tuple[str, MarkReading | None]] = {
    "generated, ours": ("generated", _mark(PayloadKind.GENERATED, ours=True)),
    "generated, of another installation": ("generated", _mark(PayloadKind.GENERATED, ours=False)),
    "unreadable": ("generated", _mark(None, ours=False)),
    "control, ours": ("control", _mark(PayloadKind.CONTROL, ours=True)),
    "control, of another installation": ("control", _mark(PayloadKind.CONTROL, ours=False)),
    "none": ("none", MarkReading(False, False, None, None, 0.3, 0.4)),
    "pixels unread": ("none", None),
}
HEIGHTS = {"high": 0.97, "just high": 0.8001, "edge": 0.8, "middle": 0.6, "just low": 0.5, "low": 0.0}
SCORES = {
    **dict.fromkeys(("high", "just high"), "high"),
    **dict.fromkeys(("edge", "middle"), "undecided"),
    **dict.fromkeys(("just low", "low"), "low"),
    "missing": "undecided",
    **{f"{name}, {flaw}": "undecided" for name in ("high", "low") for flaw in ("out of scope", "uncalibrated", "both")},
}

# Rows: generated or unreadable mark, control mark, none. In each: score high, low, undecided.
EXPECTED = {
    "broken": ("AAA", "AAA", "AAA"),
    "generated": ("DDD", "CCC", "DDD"),
    "composed": ("CCC", "SDD", "SDD"),
    "vouched": ("CCC", "CNI", "CNI"),
    "signed": ("CCC", "SNI", "SNI"),
    "elsewhere": ("CCC", "CCC", "CCC"),
    "nothing": ("MMM", "SNI", "SNI"),
}
LETTERS = {
    "A": Finding.ALTERED,
    "C": Finding.CONFLICTING,
    "D": Finding.DECLARED,
    "I": Finding.INCONCLUSIVE,
    "M": Finding.MARKED,
    "N": Finding.NOTHING_FOUND,
    "S": Finding.SUSPECT,
}


def make_score(name: str) -> Score | None:
    height, _, flaw = name.partition(", ")
    if height == "missing":
        return None
    probability = HEIGHTS[height]
    return Score(
        detector="toy",
        probability=probability,
        calibrated=flaw not in ("uncalibrated", "both"),
        in_scope=flaw not in ("out of scope", "both"),
        frames=1,
        frame_probabilities=(probability,),
    )


def verdict(credential: str, mark: str, score: str) -> Verdict:
    return judge(Provenance(Path("x.png"), MARKS[mark][1], CREDENTIALS[credential][1]), make_score(score))


def expected(credential: str, mark: str, score: str) -> Finding:
    row = EXPECTED[CREDENTIALS[credential][0]][("generated", "control", "none").index(MARKS[mark][0])]
    return LETTERS[row[("high", "low", "undecided").index(SCORES[score])]]


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_every_combination_gives_the_finding_that_was_written_down_apart(credential: str) -> None:
    wrong = [
        (mark, score)
        for mark, score in itertools.product(MARKS, SCORES)
        if verdict(credential, mark, score).finding is not expected(credential, mark, score)
    ]
    assert wrong == []


def test_the_combinations_reach_every_row_and_every_word() -> None:
    words, rows = set(), set()
    for credential, mark, score in itertools.product(CREDENTIALS, MARKS, SCORES):
        said = (
            assess_credential(CREDENTIALS[credential][1]).said,
            assess_mark(MARKS[mark][1]).said,
            assess_score(make_score(score), "none", Thresholds()).said,
        )
        words |= set(said)
        rows.add(next(number for number, row in enumerate(TABLE) if row.fits(*said)))
    assert words == {*CredentialEvidence, *MarkEvidence, *ScoreEvidence}
    assert rows == set(range(len(TABLE)))


def test_the_table_answers_whatever_the_witnesses_say() -> None:
    for said in itertools.product(CredentialEvidence, MarkEvidence, ScoreEvidence):
        assert any(row.fits(*said) for row in TABLE)


SOURCE_TYPES = st.sampled_from(
    ["trainedAlgorithmicMedia", "compositeSynthetic", "composite", "digitalCapture", "humanEdits", "unheard-of", ""]
)
CODES = st.sampled_from(
    [
        "assertion.dataHash.mismatch",
        "claimSignature.mismatch",
        "signingCredential.untrusted",
        "signingCredential.revoked",
        "signingCredential.expired",
        "org.facetrail.perceptualHash.mismatch",
        "code.of.tomorrow",
    ]
)
CREDENTIAL = st.builds(
    Credential,
    state=st.sampled_from(CredentialState),
    codes=st.lists(CODES, max_size=3).map(tuple),
    signer=st.sampled_from([None, "", "Example Signer", "a" * 300]),
    source_type=st.none() | SOURCE_TYPES,
    source_types=st.lists(SOURCE_TYPES, max_size=3).map(tuple),
    ingredient_source_types=st.lists(SOURCE_TYPES, max_size=3).map(tuple),
)
MARK = st.none() | st.builds(
    lambda present, ours, kind, z: MarkReading(present, ours, "00112233aabb" if kind else None, kind, z, 0.5),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, *PayloadKind]),
    st.floats(0, 50),
)
SCORE = st.none() | st.builds(
    lambda probability, calibrated, in_scope: Score("toy", probability, calibrated, in_scope, 1, (probability,)),
    st.floats(0, 1),
    st.booleans(),
    st.booleans(),
)
THRESHOLDS = st.builds(
    lambda pair, risk: Thresholds(max(pair), min(pair), risk),
    st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    st.none() | st.floats(0.01, 0.5),
)


def weigh(credential: Credential, mark: MarkReading | None, score: Score | None, thresholds: Thresholds) -> Verdict:
    return judge(Provenance(Path("x.png"), mark, credential), score, thresholds=thresholds)


def concern(finding: Finding) -> int:
    return 2 if finding.deserves_attention else 1 if finding is Finding.INCONCLUSIVE else 0


@given(CREDENTIAL, MARK, SCORE, THRESHOLDS)
def test_every_witness_gives_a_full_sentence_and_nobody_vouches(
    credential: Credential, mark: MarkReading | None, score: Score | None, thresholds: Thresholds
) -> None:
    found = weigh(credential, mark, score, thresholds)
    assert found == weigh(credential, mark, score, thresholds)
    assert len(found.reasons) == len(set(found.reasons)) == 3
    for reason in found.reasons:
        assert reason.endswith(".")
        assert reason[0].isupper()
        assert not {"authentic", "genuine", "real", "true", "unaltered"} & set(reason.lower().strip(".").split())


@given(CREDENTIAL, MARK, SCORE, SCORE, THRESHOLDS)
def test_a_signed_generated_outranks_any_score(
    credential: Credential, mark: MarkReading | None, score: Score | None, other: Score | None, thresholds: Thresholds
) -> None:
    signed = replace(credential, state=TRUSTED, source_types=("trainedAlgorithmicMedia",))
    found = weigh(signed, mark, score, thresholds).finding
    assert found is weigh(signed, mark, other, thresholds).finding
    assert found in (Finding.DECLARED, Finding.CONFLICTING)


@given(CREDENTIAL, MARK, SCORE, THRESHOLDS)
def test_a_credential_that_admits_nothing_never_makes_a_file_look_worse_when_it_goes(
    credential: Credential, mark: MarkReading | None, score: Score | None, thresholds: Thresholds
) -> None:
    # Read backwards: to strip such a credential never pays.
    if assess_credential(credential).said not in (
        CredentialEvidence.VOUCHED,
        CredentialEvidence.SIGNED,
        CredentialEvidence.NOTHING,
    ):
        return
    stripped = Credential(state=ABSENT)
    assert concern(weigh(stripped, mark, score, thresholds).finding) >= concern(
        weigh(credential, mark, score, thresholds).finding
    )


@given(MARK, SCORE, THRESHOLDS)
def test_without_a_credential_mark_and_score_decide_alone(
    mark: MarkReading | None, score: Score | None, thresholds: Thresholds
) -> None:
    found = weigh(Credential(state=ABSENT), mark, score, thresholds).finding
    assert (found is Finding.MARKED) == (assess_mark(mark).said is MarkEvidence.GENERATED)
    assert found in (Finding.MARKED, Finding.SUSPECT, Finding.INCONCLUSIVE, Finding.NOTHING_FOUND)


@given(CREDENTIAL, MARK, THRESHOLDS, st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_higher_score_is_never_better(
    credential: Credential, mark: MarkReading | None, thresholds: Thresholds, pair: tuple[float, float]
) -> None:
    low, high = (Score("toy", value, True, True, 1, (value,)) for value in sorted(pair))
    assert concern(weigh(credential, mark, low, thresholds).finding) <= concern(
        weigh(credential, mark, high, thresholds).finding
    )


@given(CREDENTIAL, MARK, SCORE, THRESHOLDS)
def test_a_mark_is_never_better_than_none(
    credential: Credential, mark: MarkReading | None, score: Score | None, thresholds: Thresholds
) -> None:
    assert concern(weigh(credential, mark, score, thresholds).finding) >= concern(
        weigh(credential, None, score, thresholds).finding
    )


@given(CREDENTIAL, MARK, SCORE, THRESHOLDS)
def test_a_score_that_cannot_be_relied_on_counts_as_none(
    credential: Credential, mark: MarkReading | None, score: Score | None, thresholds: Thresholds
) -> None:
    if score is not None and score.in_scope and score.calibrated:
        return
    assert weigh(credential, mark, score, thresholds).finding is weigh(credential, mark, None, thresholds).finding


def test_no_finding_vouches_for_a_file() -> None:
    assert not {"authentic", "genuine", "real"} & set(Finding)
    for finding in Finding:
        assert finding.meaning.endswith(".")
        assert not {"authentic", "genuine", "real"} & set(finding.meaning.lower().strip(".").split())


@pytest.mark.parametrize(
    ("credential", "mark", "score", "words"),
    [
        ("recovered", "generated, ours", "low", "generator mark 00112233aabb, of this installation"),
        ("absent", "unreadable", "high", "whose id can no longer be read"),
        ("absent", "none", "high", "0.97, above 0.80: it looks manipulated"),
        ("absent", "none", "low", "not above 0.50: it saw no sign"),
        ("content changed", "generated, ours", "high", "changed after it was signed"),
        ("content changed", "none", "low", "its content is not what was signed (assertion.dataHash.mismatch)"),
        ("signature changed", "none", "low", "(claimSignature.mismatch)."),
        ("revoked", "none", "low", "was revoked, so nothing it says counts"),
        ("trusted trainedAlgorithmicMedia", "none", "low", "whom we trust, says that a machine made the picture"),
        ("expired trainedAlgorithmicMedia", "none", "high", "whose certificate had expired, says that a machine"),
        ("not allowed silent", "generated, ours", "low", "generator mark"),
        ("trusted compositeSynthetic", "none", "low", "made or changed parts of the picture"),
        ("unknown AI part", "none", "low", "a picture that this one was made from"),
        ("trusted composite", "none", "low", "people put the picture together or drew it"),
        ("trusted composite", "none", "high", "it looks manipulated"),
        ("trusted digitalCapture", "none", "high", "it looks manipulated"),
        ("trusted digitalCapture", "generated, ours", "low", "generator mark"),
        ("trusted trainedAlgorithmicMedia", "control, ours", "low", "control mark 00112233aabb"),
        ("copied mark", "generated, of another installation", "low", "or the mark was copied from it"),
    ],
)
def test_the_decisive_witness_speaks_first(credential: str, mark: str, score: str, words: str) -> None:
    assert words in verdict(credential, mark, score).reasons[0]


def test_absence_is_said_to_prove_nothing() -> None:
    for credential in ("absent", "on the network"):
        assert sum("proves nothing" in reason for reason in verdict(credential, "none", "low").reasons) == 2


def test_a_mark_in_part_of_a_clip_counts_and_is_placed() -> None:
    credential = CREDENTIALS["absent"][1]
    unmarked = Provenance(Path("x.mp4"), MARKS["none"][1], credential)
    found = judge(unmarked, None, part_mark=MARKS["generated, ours"][1], part_where="0:12 to 0:20")
    assert found.finding is Finding.MARKED
    assert "00112233aabb from 0:12 to 0:20" in found.reasons[0]
    assert "the clip was put together" in found.reasons[0]


def test_a_score_says_whose_it_is_and_what_it_risks() -> None:
    provenance = Provenance(Path("x.mp4"), None, CREDENTIALS["absent"][1])
    found = judge(
        provenance,
        make_score("high"),
        thresholds=Thresholds(0.9, 0.4, 0.1),
        scored="face 2 of 3 from 0:12 to 0:14",
    )
    assert found.reasons[0].startswith("Detector toy gives 0.97 to face 2 of 3 from 0:12 to 0:14, above 0.90")
    assert "at most 10 % score so high" in found.reasons[0]


def test_findings_that_deserve_attention_are_the_five_of_the_contract() -> None:
    names = {finding.name for finding in Finding if finding.deserves_attention}
    assert names == {"DECLARED", "MARKED", "ALTERED", "CONFLICTING", "SUSPECT"}


@pytest.mark.parametrize(
    ("source_type", "says"),
    [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", True),
        ("compositeWithTrainedAlgorithmicMedia", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", False),
        ("", False),
        (None, False),
    ],
)
def test_source_types_of_machines_are_recognised_by_their_last_part(source_type: str | None, says: bool) -> None:
    assert says_generated(source_type) is says


@pytest.mark.parametrize(("quiet", "suspect"), [(0.9, 0.8), (0.0, 0.8), (0.5, 1.1)])
def test_thresholds_out_of_order_are_refused(quiet: float, suspect: float) -> None:
    with pytest.raises(ValueError, match="quiet"):
        Thresholds(suspect=suspect, quiet=quiet)


@pytest.mark.parametrize(("kind", "words"), [("captured", "a recording"), ("edited", "edited by people")])
def test_the_mark_of_own_media_weighs_as_a_control_mark_and_says_whose_word_it_is(kind: str, words: str) -> None:
    own = MarkReading(True, True, "0123456789ab", PayloadKind(kind), 12.0, 1e-30)
    control = replace(own, kind=PayloadKind.CONTROL)
    found = assess_mark(own)
    assert found.said is assess_mark(control).said
    assert f"that its owner stated to be {words}; it can be copied." in found.reason
    for score in (None, Score("toy", 0.99, True, True, 1, (0.99,))):
        verdicts = [weigh(Credential(state=ABSENT), mark, score, Thresholds()).finding for mark in (own, control)]
        assert verdicts[0] is verdicts[1]


def test_a_signer_under_a_list_of_time_stamp_authorities_is_said_to_be_unknown() -> None:
    credential = Credential(state=UNKNOWN, codes=("org.facetrail.signer.notForClaims",), signer="Example Signer")
    assert "for whom only a time-stamp authority vouches" in assess_credential(credential).reason
