"""Build the top of the page: the result in a sentence, notices, and the main numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forensics.evaluation import Comparison, Measure
from forensics.reporting.sections.evidence import SHIFT
from forensics.reporting.sections.robustness import distortion_notes

from .blocks import KeyNumber, Notice
from .gather import Results
from .words import NO_BREAK, counts, interval, number, p_value, signed

_MOST_KEYS = 6
_FEW = re.compile(r"tpr_at_fpr_\S+: fewer than ten genuine samples may be flagged at (\S+ %)")


def title(results: Results) -> str:
    """Return the title of the report."""
    if results.trail:
        return results.trail.title
    names = [one.title for one in (*results.detectors, *results.quality)]
    corpora = {one.report.corpus for one in (*results.detectors, *results.quality)}
    where = f" on {corpora.pop()}" if len(corpora) == 1 else ""
    if len(names) > 3:
        return f"{len(names)} detectors{where}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else ""))) + where


def verdict(results: Results) -> str:
    """Return the result in words, whatever it is."""
    chief = [(one, found) for one in results.detectors if (found := one.report.find("auc/video")) is not None]
    if not chief:
        return ""
    if len(chief) == 1:
        one, found = chief[0]
        return f"{one.title} scored {counts(found)} at {_auc(found)}{_against_chance(found)}."
    listed = "; ".join(f"{one.name} {_auc(found)}" for one, found in chief)
    compared = [one for one in results.run.comparisons if one.name == "auc/video"]
    return f"On {counts(chief[0][1])}: {listed}. {_compared(compared)}".strip()


def notices(results: Results) -> tuple[Notice, ...]:
    """Return notices on whether the test was sealed, and every warning, each once."""
    reports = [one.report for one in results.detectors]
    sealed = [report for report in reports if report.sealed]
    found: list[Notice] = []
    if reports and len(sealed) == len(reports):
        found.append(Notice("Sealed test: every threshold was frozen before the test was first read.", grave=False))
    elif reports:
        names = ", ".join(one.title for one in results.detectors if not one.report.sealed)
        found.append(
            Notice(f"Not a sealed test: nothing shows that thresholds and choices of {names} were made without it.")
        )
    for one in results.detectors:
        found += [
            Notice(f"{one.title}: the test was read before it was frozen: {_sentence(read)}")
            for read in one.report.early_reads
        ]
    owners: dict[str, list[str]] = {}
    for one in (*results.detectors, *results.probes, *results.quality):
        elsewhere = distortion_notes(one)
        for warning in _merged([text for text in one.report.warnings if text not in elsewhere]):
            owners.setdefault(_sentence(warning), []).append(one.name.replace("probe:", "probe "))
    found += [Notice(f"{', '.join(dict.fromkeys(names))}: {warning}") for warning, names in owners.items()]
    return tuple(dict.fromkeys(found))


def key_numbers(results: Results) -> tuple[KeyNumber, ...]:
    """Return the numbers for the top of the page."""
    keys: list[KeyNumber] = []
    for one in results.detectors[-_MOST_KEYS:]:
        found = one.report.find("auc/video")
        if found is not None:
            label = f"AUC {one.name}, {one.report.samples}"
            keys.append(KeyNumber(label, number(found.value), f"{interval(found.low, found.high)}; {_sizes(found)}"))
    if results.detectors:
        last = results.detectors[-1]
        found = last.report.find("fpr/video")
        if found is not None and len(keys) < _MOST_KEYS:
            label = f"false positives of {last.name}"
            keys.append(
                KeyNumber(label, number(found.value), f"{interval(found.low, found.high)}; n = {found.n_negative}")
            )
        shift = last.report.find(SHIFT, slice="control")
        if shift is not None:
            keys.append(KeyNumber("shift by the mark", signed(shift.value), f"{shift.n_negative} genuine pairs"))
    if results.trail and results.trail.provenance:
        rows = results.trail.provenance
        as_sealed = sum(row.as_sealed for row in rows)
        keys.append(KeyNumber("read back as sealed", f"{as_sealed} of {len(rows)}", "mark and credential"))
    for one in results.quality[:_MOST_KEYS]:
        for cell in one.report.measures:
            if cell.slice == "all" and len(keys) < _MOST_KEYS:
                note = f"{interval(cell.low, cell.high)}; n = {cell.n_positive}"
                keys.append(KeyNumber(f"{cell.metric} {one.name}", number(cell.value), note))
    return tuple(keys)


def caveat(results: Results) -> str:
    """Return the limits of the numbers in words."""
    subject = "these synthetic clips and this generator" if results.trail else f"{results.run.corpus} and nothing else"
    return (
        f"Numbers describe {subject}. A low score is no proof that a file is genuine, and a missing mark or credential "
        "proves nothing."
    )


def _compared(compared: Sequence[Comparison]) -> str:
    if not compared:
        return "No paired comparison was made."
    apart = [one for one in compared if one.distinguishable]
    if len(compared) == 1:
        one = compared[0]
        p = "" if one.p_adjusted is None else f", {p_value(one.p_adjusted)}"
        words = "distinguishable" if apart else "not distinguishable"
        return f"The two are {words} (difference {signed(one.difference)}, {interval(one.low, one.high)}{p})."
    if not apart:
        return f"Of {len(compared)} pairs none is distinguishable after Holm's correction."
    pairs = ", ".join(f"{one.first} and {one.second}" for one in apart[:4])
    more = f" and {len(apart) - 4} more" if len(apart) > 4 else ""
    return f"Of {len(compared)} pairs {len(apart)} are distinguishable after Holm's correction: {pairs}{more}."


def _against_chance(found: Measure) -> str:
    if found.low is None or found.high is None:
        return ", on too few identities for an interval"
    if found.low <= 0.5 <= found.high:
        return ", not distinguishable from chance"
    return ""


def _auc(found: Measure) -> str:
    return f"AUC{NO_BREAK}{number(found.value)} ({interval(found.low, found.high)})"


def _sizes(found: Measure) -> str:
    return f"n = {found.n_positive} + {found.n_negative}".replace(" ", NO_BREAK)


def _merged(warnings: Sequence[str]) -> list[str]:
    """Return warnings in which those on too few genuine samples are merged into one for all rates."""
    found = [(warning, _FEW.fullmatch(warning)) for warning in warnings]
    rates = [match[1] for _, match in found if match]
    others = [warning for warning, match in found if not match]
    if not rates:
        return others
    return [
        f"fewer than ten genuine samples may be flagged at a rate of {', '.join(rates)}; read those as anecdote",
        *others,
    ]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
