from __future__ import annotations

import base64
import json
from dataclasses import replace

import av
import pytest
from PIL import Image

from watermark import Claim, CredentialState, Ingredient, Payload, PayloadKind, SealError, SourceType, mark, seal
from watermark.credential.claim import check_claim


def active(receipt):
    report = json.loads(receipt.credential.manifest_json)
    return report, report["manifests"][report["active_manifest"]]


def assertion(manifest, label):
    return next(one["data"] for one in manifest["assertions"] if one["label"].startswith(label))


def test_a_generated_file_claims_trained_media_by_its_software(sealed):
    _, manifest = active(sealed[".jpg"])
    first, second = assertion(manifest, "c2pa.actions")["actions"]
    assert first["action"] == "c2pa.created"
    assert first["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert first["softwareAgent"] == {"name": "facetrail test", "version": "1.2.3"}
    assert first["parameters"]["org.facetrail.seed"] == 11
    assert first["parameters"]["org.facetrail.model-sha256"] == "ab" * 32
    assert second["action"] == "c2pa.watermarked.bound"


def test_the_software_names_each_file_of_its_weights(deployment, pictures, tmp_path):
    payload = Payload(0x77, PayloadKind.GENERATED)
    weights = (("denoiser.safetensors", "01" * 32), ("motion.safetensors", "02" * 32))
    claim = Claim(payload, "a", "facetrail test", "1", model_digest="ab" * 32, weights=weights)
    _, manifest = active(
        seal(mark(pictures["cat"], payload, deployment.mark_key), tmp_path / "a.png", claim, deployment)
    )
    software = assertion(manifest, "c2pa.actions")["actions"][0]["softwareAgent"]
    assert software["org.facetrail.weights-sha256"] == dict(weights)


def test_the_disclosure_names_the_model_and_claims_no_approval_by_a_person(sealed):
    _, manifest = active(sealed[".jpg"])
    assert assertion(manifest, "c2pa.ai-disclosure") == {
        "modelType": "c2pa.types.model.pytorch",
        "modelName": "facetrail test",
        "modelIdentifier": "sha256:" + "ab" * 32,
        "contentProfile": {"humanOversightLevel": "prompt_guided"},
    }


def test_the_signer_vouches_for_all_but_the_training_rules(sealed):
    _, manifest = active(sealed[".jpg"])
    created = [one["label"] for one in manifest["assertions"] if one.get("created")]
    assert created == ["c2pa.actions.v2", "c2pa.soft-binding", "c2pa.ai-disclosure"]


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_a_face_pasted_back_into_real_footage_is_a_composite_of_its_frame(
    sealed, deployment, pictures, clip, tmp_path, suffix
):
    payload = Payload(0x1234, PayloadKind.GENERATED)
    parts = (
        Ingredient(sealed[".jpg"].path, "source.jpg", "inputTo"),
        Ingredient(sealed[suffix].path, "footage", "parentOf"),
    )
    claim = Claim(payload, "pasted", "facetrail test", "1", ingredients=parts, source_type=SourceType.COMPOSITE, seed=3)
    marked = mark(clip if suffix == ".mp4" else pictures["portrait"], payload, deployment.mark_key)
    receipt = seal(marked, tmp_path / f"a{suffix}", claim, deployment, fps=25 if suffix == ".mp4" else None)
    assert receipt.credential.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert receipt.credential.actions == ("c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound")
    report, manifest = active(receipt)
    opened, edited, _ = assertion(manifest, "c2pa.actions")["actions"]
    relations = {one["label"]: one["relationship"] for one in manifest["ingredients"]}

    def references(action):
        labels = [one["url"].rpartition("/")[2] for one in action["parameters"]["ingredients"]]
        return [relations[label] for label in labels]

    assert (references(opened), references(edited)) == (["parentOf"], ["inputTo"])
    assert edited["parameters"]["org.facetrail.seed"] == 3
    assert len(report["manifests"]) == 3


def test_what_plain_software_put_together_names_no_model(sealed, deployment, pictures, tmp_path):
    payload = Payload(0x1235, PayloadKind.GENERATED)
    parts = (Ingredient(sealed[".png"].path, "footage", "parentOf"),)
    claim = Claim(payload, "swapped", "facetrail face-swap", "1", ingredients=parts, source_type=SourceType.EDITED)
    receipt = seal(mark(pictures["portrait"], payload, deployment.mark_key), tmp_path / "a.png", claim, deployment)
    assert receipt.credential.source_type == "compositeSynthetic"
    assert receipt.credential.actions == ("c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound")
    _, manifest = active(receipt)
    assert not [one["label"] for one in manifest["assertions"] if one["label"].startswith("c2pa.ai-disclosure")]


@pytest.mark.parametrize(
    ("kind", "source_type", "relations", "message"),
    [
        (PayloadKind.GENERATED, SourceType.COMPOSITE, [], "composite claim needs its original as a parentOf"),
        (PayloadKind.GENERATED, SourceType.COMPOSITE, ["parentOf", "parentOf"], "exactly one; it has 2"),
        (PayloadKind.GENERATED, SourceType.TRAINED, ["parentOf"], "set source_type to COMPOSITE or EDITED"),
        (PayloadKind.CONTROL, SourceType.TRAINED, ["inputTo"], "control claim needs its original as a parentOf"),
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(tmp_path, kind, source_type, relations, message):
    parts = tuple(Ingredient(tmp_path / "a.png", "a", relation) for relation in relations)
    with pytest.raises(SealError, match=message):
        check_claim(Claim(Payload(1, kind), "a", "x", "1", ingredients=parts, source_type=source_type))


def xmp_of(path):
    """Return a file's XMP packet, found in the way of a program without C2PA support."""
    if path.suffix == ".mp4":
        data, at = path.read_bytes(), 0
        while at < len(data):
            size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
            if kind == b"uuid" and data[at + 8 : at + 24].hex() == "be7acfcb97a942e89c71999491e3afac":
                return data[at + 24 : at + size].decode()
            at += size
        return ""
    with Image.open(path) as image:
        found = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or image.tag_v2[700]
    return found if isinstance(found, str) else bytes(found).decode()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tif", ".mp4"])
def test_xmp_tells_programs_without_c2pa_that_a_model_made_it(sealed, suffix):
    packet = xmp_of(sealed[suffix].path)
    term = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert f'Iptc4xmpExt:DigitalSourceType="{term}"' in packet
    assert 'Iptc4xmpExt:AISystemUsed="facetrail test"' in packet
    assert 'Iptc4xmpExt:AISystemVersionUsed="1.2.3"' in packet


def test_a_clip_with_xmp_still_plays(sealed):
    with av.open(str(sealed[".mp4"].path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 12


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_the_soft_binding_holds_the_id_of_the_mark(sealed, suffix):
    _, manifest = active(sealed[suffix])
    binding = assertion(manifest, "c2pa.soft-binding")
    assert binding["alg"] == "org.facetrail.tile.3"
    value = base64.b64decode(binding["blocks"][0]["value"])
    assert value.hex() == sealed[suffix].payload.hex


def test_training_and_mining_are_not_allowed(sealed):
    _, manifest = active(sealed[".webp"])
    entries = assertion(manifest, "cawg.training-mining")["entries"]
    assert {entry["use"] for entry in entries.values()} == {"notAllowed"}
    assert "cawg.ai_generative_training" in entries


def test_no_thumbnail_is_written(sealed):
    for suffix in (".png", ".jpg", ".webp"):
        _, manifest = active(sealed[suffix])
        assert "thumbnail" not in json.dumps(manifest)


def test_inputs_are_recorded_and_a_sealed_input_keeps_its_trusted_credential(
    sealed, deployment, pictures, clip, tmp_path
):
    payload = Payload(0xABCDEF, PayloadKind.GENERATED)
    parts = tuple(Ingredient(sealed[suffix].path, f"input{suffix}", "inputTo") for suffix in (".png", ".mp4"))
    claim = Claim(payload, "animated", "facetrail test", "1", ingredients=parts)
    marked = mark(pictures["portrait"], payload, deployment.mark_key)
    report, manifest = active(seal(marked, tmp_path / "a.png", claim, deployment))
    assert [one["relationship"] for one in manifest["ingredients"]] == ["inputTo", "inputTo"]
    assert [one["title"] for one in manifest["ingredients"]] == ["input.png", "input.mp4"]
    for one in manifest["ingredients"]:
        assert one["validation_results"]["activeManifest"]["failure"] == []
    assert len(report["manifests"]) == 3
    assert len(assertion(manifest, "c2pa.actions")["actions"][0]["parameters"]["ingredients"]) == 2


def test_a_control_file_makes_no_claim_of_a_model(deployment, pictures, tmp_path):
    from watermark import encode_still, seal_file

    encode_still(pictures["cat"], tmp_path / "cat.jpg")
    receipt = seal_file(tmp_path / "cat.jpg", tmp_path / "control.jpg", PayloadKind.CONTROL, deployment)
    _, manifest = active(receipt)
    assert "trainedAlgorithmicMedia" not in json.dumps(manifest)
    assert "ai-disclosure" not in json.dumps(manifest)
    assert b"DigitalSourceType" not in (tmp_path / "control.jpg").read_bytes()
    assert [one["relationship"] for one in manifest["ingredients"]] == ["parentOf"]
    assert [one["action"] for one in assertion(manifest, "c2pa.actions")["actions"]] == [
        "c2pa.opened",
        "c2pa.watermarked.bound",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tif", ".mp4"])
def test_the_size_of_a_discreet_file_does_not_tell_what_it_says(deployment, pictures, clip, tmp_path, suffix):
    from watermark import encode_clip, encode_still

    reopen, arguments = replace(deployment, discreet=True).__reduce__()
    discreet = reopen(*arguments)
    encode_still(pictures["face"], tmp_path / "original.png")
    parent = (Ingredient(tmp_path / "original.png", "the original", "parentOf"),)
    claims = (
        Claim(Payload(0x101, PayloadKind.GENERATED), "a", "facetrail test", "1", seed=12345, model_digest="ab" * 32),
        Claim(Payload(0x102, PayloadKind.CONTROL), "another title", "facetrail test", "1", ingredients=parent),
        Claim(Payload(0x103, PayloadKind.GENERATED), "b", "t", "1", None, parent, source_type=SourceType.EDITED),
    )
    added = []
    for number, claim in enumerate(claims):
        path, plain = tmp_path / f"{number}{suffix}", tmp_path / f"{number}-plain{suffix}"
        marked = mark(clip if suffix == ".mp4" else pictures["face"], claim.payload, deployment.mark_key)
        if suffix == ".mp4":
            receipt = seal(marked, path, claim, discreet, fps=25.0)
            encode_clip(marked, plain, 25.0)
        else:
            receipt = seal(marked, path, claim, discreet)
            encode_still(marked, plain)
        assert receipt.credential.state is CredentialState.TRUSTED
        added.append(path.stat().st_size - plain.stat().st_size)
    assert len(set(added)) == 1
    assert added[0] < 15_000
