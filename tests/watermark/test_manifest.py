import base64
import json

import pytest

from watermark import Claim, Ingredient, Payload, PayloadKind, mark, seal


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


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_the_soft_binding_holds_the_id_of_the_mark(sealed, suffix):
    _, manifest = active(sealed[suffix])
    binding = assertion(manifest, "c2pa.soft-binding")
    assert binding["alg"] == "org.facetrail.tile.1"
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
    assert [one["relationship"] for one in manifest["ingredients"]] == ["parentOf"]
    assert [one["action"] for one in assertion(manifest, "c2pa.actions")["actions"]] == [
        "c2pa.opened",
        "c2pa.watermarked.bound",
    ]
