"""Entries of the JSON documents; their shapes are fixed in `docs/schemas/`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from .answers import JsonObject

if TYPE_CHECKING:
    from detectors import Score
    from watermark import Credential, MarkReading, Provenance, SealReceipt

    from .animation import Animation
    from .evaluation import EvalReport, Measure
    from .verdict import Verdict


def read_entry(provenance: Provenance) -> JsonObject:
    """Describe what a file says about itself."""
    return {
        "path": str(provenance.path),
        "mark": None if provenance.mark is None else _mark(provenance.mark),
        "credential": _credential(provenance.credential),
        "outcome": provenance.outcome.value,
    }


def examine_entry(provenance: Provenance, score: Score | None, verdict: Verdict) -> JsonObject:
    """Describe what a file says, what the detector says, and what follows."""
    return {
        **read_entry(provenance),
        "score": None if score is None else _score(score),
        "finding": verdict.finding.value,
        "reasons": list(verdict.reasons),
    }


def seal_entry(receipt: SealReceipt) -> JsonObject:
    """Describe a sealed file."""
    return {
        "path": str(receipt.path),
        "sha256": receipt.sha256,
        "kind": receipt.payload.kind.value,
        "mark": {"id": receipt.payload.hex},
        "credential": {"state": receipt.credential.state.value},
        "time_stamp": receipt.time_stamp.value,
        "resampled": receipt.resampled,
    }


def animate_entry(animation: Animation) -> JsonObject:
    """Describe an animated clip, still or folder of frames."""
    receipt = animation.receipt
    return {
        "path": str(animation.path),
        "sha256": receipt.sha256,
        "frames": animation.frames,
        "fps": receipt.fps,
        "width": receipt.width,
        "height": receipt.height,
        "seed": animation.config.seed,
        "preset": animation.engine.preset,
        "device": animation.engine.device,
        "dtype": animation.engine.dtype,
        "sampler": animation.config.sampler,
        "evaluations_per_frame": animation.evaluations,
        "composite": animation.config.paste_back,
        "continued": animation.continued,
        "mark": {"id": receipt.payload.hex},
        "credential": {"state": receipt.credential.state.value},
        "seconds": asdict(animation.seconds),
    }


def evaluate_entry(report: EvalReport) -> JsonObject:
    """Describe the measures of one detector on one corpus."""
    return {
        "corpus": report.corpus,
        "detector": report.detector,
        "protocol": report.protocol,
        "seed": report.seed,
        "measures": [_measure(measure) for measure in report.measures],
        "sealed": report.sealed,
        "threshold": report.threshold,
        "threshold_origin": report.threshold_origin,
        "aggregation": report.aggregation,
        "early_reads": list(report.early_reads),
        "warnings": list(report.warnings),
        "corpus_digest": report.corpus_digest,
        "detector_digest": report.detector_digest,
    }


def _mark(mark: MarkReading) -> JsonObject:
    return {
        "present": mark.present,
        "ours": mark.ours,
        "id": mark.id,
        "kind": None if mark.kind is None else mark.kind.value,
        "z": float(mark.z),
        "p_value": float(mark.p_value),
    }


def _credential(credential: Credential) -> JsonObject:
    return {
        "state": credential.state.value,
        "codes": list(credential.codes),
        "signer": credential.signer,
        "source_type": credential.source_type,
        "actions": list(credential.actions),
        "recovered": credential.recovered,
        "signed_at": credential.signed_at,
        "ingredient_codes": list(credential.ingredient_codes),
    }


def _score(score: Score) -> JsonObject:
    return {
        "detector": score.detector,
        "probability": score.probability,
        "calibrated": score.calibrated,
        "in_scope": score.in_scope,
        "frames": score.frames,
    }


def _measure(measure: Measure) -> JsonObject:
    return {
        "name": measure.name,
        "level": measure.level.value,
        "slice": measure.slice,
        "distortion": measure.distortion,
        "severity": measure.severity,
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "n_positive": measure.n_positive,
        "n_negative": measure.n_negative,
        "note": measure.note,
        "parameter": measure.parameter,
    }
