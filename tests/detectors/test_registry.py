"""Test specs and their registry."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from detectors import UnknownDetectorError, create_detector, list_detectors


def test_names_are_unique():
    specs = (*list_detectors(), *list_detectors("toy*"))
    assert len({spec.name for spec in specs}) == len(specs)


def test_a_pattern_narrows_the_list():
    assert [spec.name for spec in list_detectors("efficientnet*")] == ["efficientnet_b4", "efficientnet_b0"]
    assert not [spec.name for spec in list_detectors() if spec.name.startswith("toy")]
    assert {spec.name for spec in list_detectors("toy_*net18")} == {"toy_resnet18"}


def test_the_detectors_that_users_expect_are_there():
    names = {spec.name for spec in list_detectors()}
    assert names >= {
        "cpu", "xception", "efficientnet_b4", "resnet50", "convnext_tiny", "vit_small", "cnn_aug", "linear_probe",
        "ln_clip", "effort", "sbi", "face_xray", "spsl", "srm", "f3net", "twins", "video", "flicker",
    }  # fmt: skip


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownDetectorError, match="nearest: resnet18"):
        create_detector("resnet81")


def test_the_committed_table_of_methods_is_of_the_present_specs():
    with (Path(__file__).parents[2] / "results" / "methods.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["name"], row["backbone"], row["weights"], row["paper"]) for row in rows] == [
        (spec.name, spec.backbone, spec.licence, spec.paper) for spec in list_detectors()
    ]
    assert all(
        row["crop"].startswith(f"{spec.input_size} px") for row, spec in zip(rows, list_detectors(), strict=True)
    )
