"""Checkpoints with the published names and shapes become detectors that give the published network's answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from detectors import CheckpointError, TimmSettings, convert, load_detector, read_card
from detectors.converters.efficientnet import REPEATS
from detectors.converters.layouts import LAYOUTS, find_layout
from detectors.preprocessing import to_input
from detectors.spec import DetectorSpec
from forensics.cli.commands.models_convert import NAMES

timm = pytest.importorskip("timm")  # after detectors, which declares what torchvision lacks

TOY = (("depth", 2), ("embed_dim", 64), ("num_heads", 2), ("img_size", 56))
SPEC = {layout.name: layout.spec for layout in LAYOUTS}


def moved(network: nn.Module, seed: int = 0) -> nn.Module:
    """Give every tensor a value of its own, also the running means, so that no mistaken one goes unseen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                noise = torch.randn(value.shape, generator=generator) * 0.05
                value.add_(noise.abs() if "running_var" in name else noise)
    return network.eval()


def crops_of(spec: DetectorSpec, count: int = 2) -> np.ndarray:
    size = (count, spec.input_size, spec.input_size, 3)
    return np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)


def toy(name: str, size: int = 56) -> DetectorSpec:
    return replace(SPEC[name], options=TOY, input_size=size)


def softmax(logits: Tensor) -> np.ndarray:
    return torch.softmax(logits, dim=1)[:, 1].numpy()


def test_the_command_lists_the_same_layouts() -> None:
    assert (*(layout.name for layout in LAYOUTS), "timm") == NAMES


def test_xception_of_deepfakebench(tmp_path: Path) -> None:
    theirs = moved(timm.create_model("legacy_xception", num_classes=2))
    names = {f"backbone.{name.replace('fc.', 'last_linear.')}": value for name, value in theirs.state_dict().items()}
    names |= {"backbone.adjust_channel.0.weight": torch.zeros(512, 2048, 1, 1)}
    torch.save(names, tmp_path / "xception_best.pth")
    done = convert(tmp_path / "xception_best.pth", "deepfakebench-xception", tmp_path / "out")
    assert done.unused == ("backbone.adjust_channel.0.weight",)
    detector = load_detector(tmp_path / "out")
    crops = crops_of(detector.spec)
    with torch.no_grad():
        expected = softmax(theirs(to_input(crops, detector.spec)))
    np.testing.assert_allclose(detector.probabilities(crops), expected, atol=1e-5)
    assert (detector.spec.input_size, detector.spec.alignment, detector.thresholds) == (256, "five_point", None)
    card = read_card(tmp_path / "out")
    assert "xception_best.pth" in card.note and "Nothing was measured" in card.note and not card.metrics


def efficientnet_names(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return timm's tensors under the names of efficientnet_pytorch, stage by stage."""
    layers = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
    number = 0
    for stage, count in enumerate(REPEATS):
        for place in range(count):
            inside = [
                ("conv_dw", "_depthwise_conv"),
                ("se.conv_reduce", "_se_reduce"),
                ("se.conv_expand", "_se_expand"),
            ]
            if stage == 0:
                inside += [("bn1", "_bn1"), ("conv_pw", "_project_conv"), ("bn2", "_bn2")]
            else:
                inside += [("conv_pw", "_expand_conv"), ("bn1", "_bn0"), ("bn2", "_bn1")]
                inside += [("conv_pwl", "_project_conv"), ("bn3", "_bn2")]
            layers |= {f"blocks.{stage}.{place}.{ours}": f"_blocks.{number}.{theirs}" for ours, theirs in inside}
            number += 1
    return {f"{prefix}{layers[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": tensors[name] for name in tensors}


@pytest.mark.slow
def test_efficientnet_of_self_blended_images_and_of_deepfakebench(tmp_path: Path) -> None:
    theirs = moved(timm.create_model("tf_efficientnet_b4", num_classes=2))
    names = efficientnet_names(theirs.state_dict(), "net.")
    torch.save({"model": names, "epoch": 7}, tmp_path / "FFraw.tar")
    done = convert(tmp_path / "FFraw.tar", "sbi", tmp_path / "out")
    assert done.unused == ()
    detector = load_detector(tmp_path / "out")
    crops = crops_of(detector.spec, 1)
    with torch.no_grad():
        expected = softmax(theirs(to_input(crops, detector.spec)))
    np.testing.assert_allclose(detector.probabilities(crops), expected, atol=1e-5)
    other = {
        name.replace("net._fc", "backbone.last_layer").replace("net.", "backbone.efficientnet."): value
        for name, value in names.items()
    }
    layout = find_layout("deepfakebench-efficientnet_b4")
    renamed, known = layout.rename(other), find_layout("sbi").rename(names)
    assert renamed.tensors.keys() == known.tensors.keys() and renamed.used == set(other)
    assert all(torch.equal(value, known.tensors[name]) for name, value in renamed.tensors.items())
    assert "padded" in layout.note


@pytest.fixture
def clip() -> nn.Module:
    transformers = pytest.importorskip("transformers")
    config = transformers.CLIPVisionConfig(
        hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14
    )
    network = transformers.CLIPVisionModel(config)
    return moved(getattr(network, "vision_model", network))


def test_gend(tmp_path: Path, clip: nn.Module) -> None:
    head = moved(nn.Linear(64, 2), 1)
    names = {f"feature_extractor.vision_model.{name}": value for name, value in clip.state_dict().items()}
    names |= {f"model.linear.{name}": value for name, value in head.state_dict().items()}
    save_file({name: value.contiguous() for name, value in names.items()}, tmp_path / "model.safetensors")
    spec = toy("gend")
    done = convert(tmp_path / "model.safetensors", "gend", tmp_path / "out", spec=spec)
    assert [name for name in done.unused if "position_ids" not in name] == []
    detector = load_detector(tmp_path / "out")
    crops = crops_of(spec)
    with torch.no_grad():
        pooled = clip(to_input(crops, spec)).pooler_output
        expected = softmax(head(nn.functional.normalize(pooled, dim=1)))
    np.testing.assert_allclose(detector.probabilities(crops), expected, atol=1e-5)


def test_effort_keeps_main_part_and_remainder_apart(tmp_path: Path, clip: nn.Module) -> None:
    head = moved(nn.Linear(64, 2), 1)
    names = {}
    for name, value in clip.state_dict().items():
        if "self_attn" in name and name.endswith("weight"):
            left, strength, right = torch.linalg.svd(value)
            stem = name.removesuffix("weight")
            remainder = {"U_residual": left[:, -1:], "S_residual": strength[-1:], "V_residual": right[-1:]}
            main = left[:, :-1] @ torch.diag(strength[:-1]) @ right[:-1]
            for part, tensor in {**remainder, "weight_main": main, "U_r": left[:, :-1]}.items():
                names[f"backbone.{stem}{part}"] = tensor.clone()
        else:
            names[f"backbone.{name}"] = value
    names |= {f"head.{name}": value for name, value in head.state_dict().items()}
    torch.save({f"module.{name}": value for name, value in names.items()}, tmp_path / "effort.pth")
    spec = toy("effort")
    done = convert(tmp_path / "effort.pth", "effort", tmp_path / "out", spec=spec)
    assert {name.rpartition(".")[2] for name in done.unused} <= {"U_r", "position_ids"}
    detector = load_detector(tmp_path / "out")
    crops = crops_of(spec)
    with torch.no_grad():
        expected = softmax(head(clip(to_input(crops, spec)).pooler_output))
    np.testing.assert_allclose(detector.probabilities(crops), expected, atol=1e-4)
    assert "backbone.blocks.0.attn.qkv.left" in detector.model.state_dict()


def test_universal_fake_detect_joins_its_head_with_the_projection(tmp_path: Path) -> None:
    spec = toy("universal-fake-detect")
    arguments = {name: value for name, value in TOY}
    clip = moved(timm.create_model(spec.backbone, num_classes=48, **arguments))
    clip.head.bias.data.zero_()
    save_file({name: value.contiguous() for name, value in clip.state_dict().items()}, tmp_path / "clip.safetensors")
    head = moved(nn.Linear(48, 1), 1)
    torch.save(head.state_dict(), tmp_path / "fc_weights.pth")
    convert(
        tmp_path / "fc_weights.pth", "universal-fake-detect", tmp_path / "out", spec=spec,
        backbone=tmp_path / "clip.safetensors",
    )  # fmt: skip
    detector = load_detector(tmp_path / "out")
    crops = crops_of(spec)
    with torch.no_grad():
        expected = torch.sigmoid(head(clip(to_input(crops, spec))))[:, 0].numpy()
    np.testing.assert_allclose(detector.probabilities(crops), expected, atol=1e-5)
    assert detector.spec.whole_frame


@pytest.mark.parametrize("manipulated", [0, 1])
def test_any_model_of_timm(tmp_path: Path, manipulated: int) -> None:
    theirs = moved(timm.create_model("test_resnet", num_classes=2))
    torch.save({"state_dict": theirs.state_dict(), "epoch": 3}, tmp_path / "mine.ckpt")
    settings = TimmSettings("test_resnet", 64, "imagenet")
    out = tmp_path / "out"
    convert(tmp_path / "mine.ckpt", "timm", out, timm_settings=settings, manipulated=manipulated)
    detector = load_detector(out)
    crops = crops_of(detector.spec)
    with torch.no_grad():
        expected = torch.softmax(theirs(to_input(crops, detector.spec)), dim=1)[:, manipulated].numpy()
    np.testing.assert_allclose(detector.probabilities(crops), expected, atol=1e-6)


def test_a_layer_without_values_is_refused(tmp_path: Path) -> None:
    tensors = timm.create_model("test_resnet", num_classes=2).state_dict()
    del tensors["layer1.0.conv1.weight"]
    torch.save(tensors, tmp_path / "mine.pth")
    settings = TimmSettings("test_resnet", 64, "imagenet")
    with pytest.raises(CheckpointError, match=r"backbone\.layer1\.0\.conv1\.weight.*would stay random"):
        convert(tmp_path / "mine.pth", "timm", tmp_path / "out", timm_settings=settings)
    assert not (tmp_path / "out").exists()


def test_another_shape_and_a_broken_number_are_refused(tmp_path: Path) -> None:
    settings = TimmSettings("test_resnet", 64, "imagenet")
    tensors = timm.create_model("test_resnet", num_classes=2).state_dict()
    name = next(name for name in tensors if name.endswith("conv1.weight"))
    for value, reason in ((tensors[name][:, :1], "another shape"), (tensors[name] * float("nan"), "not finite")):
        torch.save({**tensors, name: value}, tmp_path / "mine.pth")
        with pytest.raises(CheckpointError, match=reason):
            convert(tmp_path / "mine.pth", "timm", tmp_path / "out", timm_settings=settings)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("exploded"),)


def test_code_in_a_checkpoint_is_named_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"x": torch.zeros(1)}, "hook": Bomb()}, tmp_path / "mine.pth")
    with pytest.raises(CheckpointError, match="could run code; nothing of it was run"):
        convert(tmp_path / "mine.pth", "sbi", tmp_path / "out")
    assert not (tmp_path / "exploded").exists() and not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"\x80\x02}q\x00."])
def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"mine\.pth"):
        convert(tmp_path / "mine.pth", "sbi", tmp_path / "out")


def test_a_card_cannot_name_a_network_of_the_hub(tmp_path: Path) -> None:
    theirs = timm.create_model("test_resnet", num_classes=2)
    torch.save(theirs.state_dict(), tmp_path / "mine.pth")
    convert(tmp_path / "mine.pth", "timm", tmp_path / "out", timm_settings=TimmSettings("test_resnet", 64, "half"))
    card = tmp_path / "out" / "card.json"
    card.write_text(card.read_text().replace('"backbone": "test_resnet"', '"backbone": "hf-hub:somebody/model"'))
    with pytest.raises(CheckpointError, match="not one of timm's"):
        load_detector(tmp_path / "out")
