"""Build the entries of the JSON documents, whose schemas are in `docs/schemas/`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from forensics.examination.answer import says_of
from forensics.execution.command_result import JsonObject

if TYPE_CHECKING:
    from detectors import Score, World
    from forensics.animation.animate import Animation
    from forensics.evaluation import Comparison, EvalReport, Measure, Power
    from forensics.examination.answer import Answer
    from forensics.examination.evidence import Thresholds
    from forensics.examination.examiner import Examination
    from forensics.examination.face_scores import SeenFace
    from forensics.examination.timeline import Timeline
    from watermark import Credential, MarkReading, Provenance, SealReceipt


def read_entry(provenance: Provenance) -> JsonObject:
    """Return the entry of what a file's mark and credential state."""
    return {
        "path": str(provenance.path),
        "mark": None if provenance.mark is None else _mark(provenance.mark),
        "mark_not_looked_for": provenance.mark_not_looked_for,
        "credential": _credential(provenance.credential),
        "outcome": provenance.outcome.value,
    }


def examine_entry(examination: Examination) -> JsonObject:
    """Return the entry of an examination: mark and credential, the detector's score, and the verdict."""
    score, verdict, timeline = examination.score, examination.verdict, examination.timeline
    return {
        **read_entry(examination.provenance),
        "score": None if score is None else {**_score(score), "scored": examination.scored},
        "finding": verdict.finding.value,
        "reasons": list(verdict.reasons),
        "size": None if examination.size is None else list(examination.size),
        "faces": [_face(face, examination.thresholds) for face in examination.faces],
        "face_finder": examination.finder,
        "answer": None if examination.answer is None else _answer(examination.answer, examination.world),
        "timeline": None if timeline is None else _timeline(timeline),
    }


def seal_entry(receipt: SealReceipt) -> JsonObject:
    """Return the entry of a sealed file."""
    entry: JsonObject = {
        "path": str(receipt.path),
        "sha256": receipt.sha256,
        "kind": receipt.payload.kind.value,
        "mark": {"id": receipt.payload.hex},
        "credential": {"state": receipt.credential.state.value},
        "time_stamp": receipt.time_stamp.value,
        "resampled": receipt.resampled,
        "flattened": receipt.flattened,
        "kept": list(receipt.kept),
        "lost": list(receipt.lost),
    }
    if receipt.sidecar is not None:
        entry["sidecar"] = str(receipt.sidecar)
    return entry


def animate_entry(animation: Animation) -> JsonObject:
    """Return the entry of an animated clip, still or folder of frames."""
    receipt = animation.receipt
    entry: JsonObject = {
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
        "sound": str(animation.sound) or None,
        "mark": {"id": receipt.payload.hex},
        "credential": {"state": receipt.credential.state.value},
        "seconds": asdict(animation.seconds),
    }
    if animation.notes:
        entry["notes"] = list(animation.notes)
    if receipt.sidecar is not None:
        entry["sidecar"] = str(receipt.sidecar)
    return entry


def evaluate_entry(report: EvalReport) -> JsonObject:
    """Return the entry of the measures of one detector on one corpus."""
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
        "samples": report.samples,
    }


def compare_entry(comparison: Comparison, power: Power | None) -> JsonObject:
    """Return the entry of the difference of two detectors, with the required number of videos where requested."""
    return {
        **asdict(comparison),
        "distinguishable": comparison.distinguishable,
        "power": None if power is None else asdict(power),
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
        "fingerprint": credential.fingerprint,
        "vouched_by": credential.vouched_by,
        "source_type": credential.source_type,
        "actions": list(credential.actions),
        "recovered": credential.recovered,
        "signed_at": credential.signed_at,
        "ingredient_codes": list(credential.ingredient_codes),
        "source_types": list(credential.source_types),
        "ingredient_source_types": list(credential.ingredient_source_types),
        "identities": [
            {"state": one.state.value, "name": one.name, "kind": one.kind, "codes": list(one.codes)}
            for one in credential.identities
        ],
    }


def _score(score: Score) -> JsonObject:
    return {
        "detector": score.detector,
        "probability": score.probability,
        "calibrated": score.calibrated,
        "in_scope": score.in_scope,
        "frames": score.frames,
    }


def _answer(answer: Answer, world: World | None) -> JsonObject:
    return {
        "says": answer.says.value,
        "sentence": answer.sentence,
        "risk": answer.risk,
        "detector": answer.detector,
        "taken_for": None if world is None else world.value,
        "measured_on": answer.measured_on or None,
    }


def _face(face: SeenFace, thresholds: Thresholds) -> JsonObject:
    return {
        "face": face.number,
        "says": says_of(face.score, thresholds).value,
        "score": None if face.score is None else _score(face.score),
        "stretch": None if face.stretch is None else [_rounded(time) for time in face.stretch],
        "sightings": [
            {
                "frame": sighting.frame,
                "time": _rounded(sighting.time),
                "box": list(sighting.box),
                "probability": sighting.probability,
            }
            for sighting in face.sightings
        ],
    }


def _timeline(timeline: Timeline) -> JsonObject:
    return {
        "seconds": _rounded(timeline.seconds),
        "fps": timeline.fps,
        "frames": timeline.frame_count,
        "frames_looked_at": len(timeline.moments),
        "spacing": _rounded(timeline.spacing),
        "moments": [
            {
                "frame": moment.frame,
                "time": _rounded(moment.time),
                "score": moment.score,
                "second_look": moment.second_look,
            }
            for moment in timeline.moments
        ],
        "marks": [
            {
                "start": _rounded(stretch.start),
                "end": _rounded(stretch.end),
                **_mark(stretch.reading),
                "present": stretch.present,
            }
            for stretch in timeline.marks
        ],
        "segments": [
            {"start": _rounded(one.start), "end": _rounded(one.end), "score": one.score} for one in timeline.segments
        ],
    }


def _rounded(seconds: float) -> float:
    return round(seconds, 3)


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
