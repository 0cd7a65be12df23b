"""Specs and their registry."""

import pytest

from detectors import UnknownDetectorError, create_detector, list_detectors


def test_names_are_unique_and_every_spec_keeps_the_whole_crop():
    specs = list_detectors()
    assert len({spec.name for spec in specs}) == len(specs)
    assert all(spec.crop_pct == 1.0 for spec in specs)
    assert all(spec.licence and spec.paper and spec.summary for spec in specs)


def test_a_pattern_narrows_the_list():
    names = [spec.name for spec in list_detectors("toy*")]
    assert len(names) == 5
    assert all(name.startswith("toy") for name in names)


def test_the_detectors_that_users_expect_are_there():
    names = {spec.name for spec in list_detectors()}
    assert {"cpu", "resnet18", "efficientnet_b0", "xception"} <= names


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownDetectorError, match="nearest: resnet18"):
        create_detector("resnet81")


def test_a_backbone_never_carries_weights_that_forbid_use():
    assert not [spec.name for spec in list_detectors() if "metaclip" in spec.backbone]
