"""Test published layouts, at full size by names and shapes, and at toy size with values."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
import torch
from diffusers import MotionAdapter
from safetensors.torch import load_file, save_file

from generator.errors import WeightsError
from generator.importers import ImportPlan, ImportRefusedError, import_sd15, inspect_weights, unet, vae
from generator.importers.motion import read_motion
from generator.importers.tensor_file import TensorFile
from generator.network.config import SD15, TOY_SD15
from generator.network.temporal import MotionModules
from generator.network.weights_io import load_pretrained
from generator.network.weights_layout import empty_model, part_shapes

from .published_files import (
    drawn,
    early_vae_state,
    first_release_unet,
    first_release_vae,
    first_release_vae_state,
    moore_names,
    published_shapes,
    save_network,
)


def count(shapes):
    return sum(torch.Size(shape).numel() for shape in shapes.values())


@pytest.fixture(scope="module")
def full():
    return part_shapes(SD15)


def without_adapter(shapes):
    return {name: shape for name, shape in shapes.items() if ".processor." not in name}


def test_the_networks_of_sd15_have_the_published_sizes(full):
    for part in (without_adapter(full["denoiser"]), full["reference_net"]):
        assert (len(part), count(part)) == (686, 859_520_964)
    assert (len(full["vae"]), count(full["vae"])) == (248, 83_653_863)
    adapter = full["denoiser"].keys() - without_adapter(full["denoiser"]).keys()
    assert len(adapter) == 2 * 16
    assert count({name: full["denoiser"][name] for name in adapter}) == 19_169_280
    assert (len(full["image_encoder"]), count(full["image_encoder"])) == (392, 303_966_208)
    assert (len(full["spatial_encoder"]), count(full["spatial_encoder"])) == (3 * 16, 3 * 1_086_480)
    assert (len(full["expression_adapter"]), count(full["expression_adapter"])) == (6, 805_888)
    table = sum(count({n: s}) for n, s in full["motion"].items() if n.endswith(".pe"))
    assert (len(full["motion"]), count(full["motion"]) - table) == (20 * 28, 417_137_600)
    v2 = part_shapes(replace(SD15, motion="v2"))["motion"]
    assert len(v2) == 21 * 28 and sum(name.startswith("mid_block.") for name in v2) == 28


@pytest.mark.slow
@pytest.mark.parametrize("config", [SD15, TOY_SD15], ids=["sd15", "toy"])
def test_every_tensor_of_the_model_has_a_place_in_one_file(config):
    names = empty_model(config).state_dict().keys()
    assert sum(len(part) for part in part_shapes(config).values()) == len(names)


def test_the_names_of_the_first_release_map_one_to_one(full):
    names = list(without_adapter(full["denoiser"]))
    theirs = {first_release_unet(name): name for name in names}
    assert len(theirs) == 686
    assert unet.from_first_release(theirs) == {name: first_release_unet(name) for name in names}
    theirs = {first_release_vae(name): name for name in full["vae"]}
    assert len(theirs) == 248
    assert vae.from_first_release(theirs) == {ours: name for name, ours in theirs.items()}


@pytest.mark.parametrize("middle", [True, False])
def test_full_size_motion_adapters_have_our_names_and_shapes(middle):
    with torch.device("meta"):
        state = MotionAdapter(use_motion_mid_block=middle).state_dict()
    assert len(state) == 27 * (21 if middle else 20)
    read = read_motion(TensorFile("adapter", {name: value for name, value in state.items()}))
    ours = part_shapes(replace(SD15, motion="v2" if middle else "v3"))["motion"]
    assert {name: tuple(value.shape) for name, value in read.tensors.items()} == ours


def test_a_motion_adapter_read_by_us_computes_what_it_computes_itself():
    torch.manual_seed(0)
    adapter = MotionAdapter(
        block_out_channels=TOY_SD15.widths, motion_layers_per_block=TOY_SD15.layers, use_motion_mid_block=False
    ).eval()
    torch.nn.init.normal_(adapter.down_blocks[2].motion_modules[1].proj_out.weight, std=0.1)
    ours = MotionModules(replace(TOY_SD15, motion="v3")).eval()
    ours.load_state_dict(read_motion(TensorFile("adapter", adapter.state_dict())).tensors)
    # AnimateDiff normalises each frame, diffusers the window; both agree for frames that are shifts of one another.
    frame = torch.randn(TOY_SD15.widths[2], 4, 4)
    x = torch.stack([frame.roll(shift, (1, 2)) for shift in ((0, 0), (1, 0), (2, 3))]).repeat(2, 1, 1, 1)
    theirs = adapter.down_blocks[2].motion_modules[1](x, num_frames=3)
    torch.testing.assert_close(ours.down(2, 1)(x, 3), theirs)
    assert (theirs - x).abs().max() > 0.01


@pytest.fixture(scope="module")
def shapes():
    return published_shapes()


@pytest.fixture(scope="module")
def state(shapes):
    return {name: drawn(shapes[name], seed) for seed, name in enumerate(("unet", "vae", "image_encoder"))}


def write_base(folder, state, *, pickled=False, vae_state=None):
    save_network(state["unet"], folder / "unet", "diffusion_pytorch_model", pickled=pickled)
    save_network(vae_state or state["vae"], folder / "vae", "diffusion_pytorch_model", pickled=pickled)
    save_network(state["image_encoder"], folder / "image_encoder", "pytorch_model", pickled=pickled)
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text('{"prediction_type": "epsilon"}')
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory, state):
    return write_base(tmp_path_factory.mktemp("published") / "sd15", state)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "made" / "model"


def made(out, base, **choices):
    return import_sd15(out, ImportPlan(base=base, config=TOY_SD15, **choices))


def refused(out, base, match, **choices):
    with pytest.raises(WeightsError, match=match) as caught:
        made(out, base, **choices)
    assert "\n" not in str(caught.value)
    assert not out.exists() and (not out.parent.exists() or not list(out.parent.iterdir()))
    return caught.value


@pytest.mark.slow
def test_a_diffusers_folder_becomes_a_model_that_loads(out, base, state):
    report = made(out, base)
    sizes = {name: len(tensors) for name, tensors in state.items()}
    assert {part.part: (part.matched, part.expected) for part in report.parts[:4]} == {
        "denoiser": (sizes["unet"], sizes["unet"] + 2 * 16),
        "reference_net": (sizes["unet"],) * 2,
        "vae": (sizes["vae"],) * 2,
        "image_encoder": (sizes["image_encoder"],) * 2,
    }
    untrained = ("spatial_encoder.normals", "spatial_encoder.depth", "spatial_encoder.shaded", "expression_adapter")
    assert report.untrained == (*untrained, "motion")
    assert "epsilon" in report.notes[0]
    model, digest = load_pretrained(out)
    assert digest == report.sha256
    weights = model.state_dict()
    for name, value in state["unet"].items():
        assert torch.equal(weights[f"denoiser.{name}"], value) and torch.equal(weights[f"reference_net.{name}"], value)
    for name, value in state["vae"].items():
        assert torch.equal(weights[f"codec.vae.{name}"], value)
    card = json.loads((out / "card.json").read_text())
    assert card["untrained"] == list(report.untrained)
    assert card["parts"]["vae"]["origin"] == "diffusion_pytorch_model.safetensors"
    assert sorted(card["files"]) == sorted(path.name for path in out.glob("*.safetensors"))


@pytest.mark.slow
def test_untrained_parts_change_nothing(out, base):
    made(out, base)
    weights = load_pretrained(out)[0].state_dict()
    zero = [n for n in weights if n.endswith(("to_v_expression.weight", "temporal_transformer.proj_out.weight"))]
    zero += [n for n in weights if n.startswith("spatial_encoder.") and ".out." in n]
    assert len(zero) == 16 + 20 + 2 * 3 and not any(weights[name].any() for name in zero)
    assert all(weights[n].any() for n in weights if n.endswith("to_k_expression.weight"))


@pytest.mark.slow
def test_the_same_tensors_in_any_layout_make_the_same_model(tmp_path, base, state):
    single = {f"model.diffusion_model.{first_release_unet(n)}": v for n, v in state["unet"].items()}
    single |= {f"first_stage_model.{n}": v for n, v in first_release_vae_state(state["vae"]).items()}
    single["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    single["model_ema.decay"] = torch.ones(())
    save_file({n: v.contiguous() for n, v in single.items()}, tmp_path / "v1-5.safetensors")
    encoder = tmp_path / "image_encoder"
    whole_clip = {**state["image_encoder"], "text_model.final_layer_norm.bias": torch.zeros(3)}
    whole_clip["vision_model.embeddings.position_ids"] = torch.arange(257)[None]
    save_network(whole_clip, encoder, "pytorch_model", pickled=True)
    early = save_network(early_vae_state(state["vae"]), tmp_path / "early", "diffusion_pytorch_model")
    bare = save_network(first_release_vae_state(state["vae"]), tmp_path / "bare", "vae")
    pickled = write_base(tmp_path / "pickled", state, pickled=True)

    digest = made(tmp_path / "a", base).sha256
    assert made(tmp_path / "b", tmp_path / "v1-5.safetensors", image_encoder=encoder).sha256 == digest
    assert made(tmp_path / "c", pickled, vae=early.parent).sha256 == digest
    assert made(tmp_path / "d", pickled, vae=bare).sha256 == digest
    assert made(tmp_path / "e", base, seed=1).sha256 != digest


@pytest.mark.slow
def test_moore_style_files_find_their_places(tmp_path, out, base, state, shapes):
    motion = drawn(shapes["motion"], 7)
    trained = {"denoising": drawn(shapes["unet"], 8), "reference": drawn(shapes["unet"], 9)}
    last = [name for name in trained["reference"] if name.startswith(("conv_norm_out", "conv_out"))]
    for name in last:
        del trained["reference"][name]
    prefix = "normals."
    guider = {n.removeprefix(prefix): s for n, s in shapes["spatial_encoder"].items() if n.startswith(prefix)}
    guider = {moore_names(name): value for name, value in drawn(guider, 10).items()}
    torch.save({**trained["denoising"], **motion}, tmp_path / "denoising_unet.pth")
    torch.save(trained["reference"], tmp_path / "reference_unet.pth")
    torch.save(guider, tmp_path / "pose_guider.pth")
    report = made(
        out, base, denoiser=tmp_path / "denoising_unet.pth", reference=tmp_path / "reference_unet.pth",
        spatial={"normals": tmp_path / "pose_guider.pth"},
    )  # fmt: skip
    assert report.untrained == ("spatial_encoder.depth", "spatial_encoder.shaded", "expression_adapter")
    parts = {part.part: part for part in report.parts}
    assert parts["reference_net"].filled == {"that it never runs from the base": 4}
    assert "4 that it never runs from the base" in parts["reference_net"].line()
    assert parts["motion"].matched == 560
    weights = load_pretrained(out)[0].state_dict()
    assert torch.equal(weights["denoiser.conv_in.weight"], trained["denoising"]["conv_in.weight"])
    assert torch.equal(weights["reference_net.conv_in.weight"], trained["reference"]["conv_in.weight"])
    assert torch.equal(weights["reference_net.conv_out.weight"], state["unet"]["conv_out.weight"])
    assert torch.equal(weights["spatial_encoder.normals.layers.2.weight"], guider["blocks.0.weight"])
    assert torch.equal(weights["spatial_encoder.normals.out.bias"], guider["conv_out.bias"])
    for name, value in motion.items():
        assert torch.equal(weights[f"motion.{name}"], value)


def test_a_guidance_encoder_says_that_its_attention_was_left_out(tmp_path, out, base, shapes):
    prefix = "depth."
    one = {n.removeprefix(prefix): s for n, s in shapes["spatial_encoder"].items() if n.startswith(prefix)}
    champ = {moore_names(name): value for name, value in drawn(one, 3).items()}
    champ |= {f"attentions.{index}.proj_in.bias": torch.ones(8) for index in range(6)}
    champ["guidance_attention.proj_in.bias"] = torch.ones(8)
    torch.save(champ, tmp_path / "guidance_encoder_depth.pth")
    report = made(out, base, spatial={"depth": tmp_path / "guidance_encoder_depth.pth"})
    part = next(part for part in report.parts if part.part == "spatial_encoder.depth")
    assert sorted(part.ignored.values()) == [1, 6]
    assert "train this encoder further" in part.line()


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["v1", "v2", "wrapped", "adapter"])
def test_motion_files_of_every_kind_are_loaded_whole(tmp_path, out, base, layout):
    motion = drawn(published_shapes("v2" if layout == "v2" else "v3")["motion"], 5)
    # The position tables are sinusoids in every published file.
    tables = MotionModules(replace(TOY_SD15, motion="v2" if layout == "v2" else "v3")).state_dict()
    motion |= {name: table for name, table in tables.items() if name.endswith(".pe")}
    path, content = tmp_path / "mm.ckpt", dict(motion)
    if layout == "v1":
        content = {name: value[:, :24].clone() if name.endswith(".pe") else value for name, value in motion.items()}
    if layout == "wrapped":
        content = {"epoch": 3, "animatediff_config": {}, "state_dict": {f"module.{n}": v for n, v in motion.items()}}
    if layout == "adapter":
        content = {}
        for name, value in motion.items():
            name = name.replace(".temporal_transformer", "").replace("norms.0", "norm1").replace("norms.1", "norm2")
            name = name.replace("attention_blocks.0.pos_encoder", "pos_embed").replace("ff_norm", "norm3")
            name = name.replace("attention_blocks.0", "attn1").replace("attention_blocks.1", "attn2")
            if "pos_encoder" not in name:
                content[name] = value
    torch.save(content, path)
    report = made(out, base, motion=path, dtype=torch.float32)
    assert "motion" not in report.untrained
    model, _ = load_pretrained(out)
    assert model.config.motion == ("v2" if layout == "v2" else "v3")
    weights = model.state_dict()
    for name, value in motion.items():
        torch.testing.assert_close(weights[f"motion.{name}"], value, msg=name)


FAULTS = {
    "missing": lambda state, name: {key: value for key, value in state.items() if key != name},
    "unexpected": lambda state, name: {**state, f"{name}.extra": torch.zeros(2)},
    "of another shape": lambda state, name: {**state, name: torch.zeros(3, 5, 7)},
    "not finite": lambda state, name: {**state, name: torch.full_like(state[name], float("nan"))},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "fault"),
    [("motion", fault) for fault in FAULTS]
    + [("unet", "missing"), ("unet", "not finite"), ("vae", "unexpected"), ("image_encoder", "of another shape")],
)
def test_a_tensor_too_few_too_many_misshapen_or_damaged_is_named(tmp_path, out, base, state, shapes, part, fault):
    whole = state[part] if part in state else drawn(shapes[part], 4)
    name = sorted(name for name in whole if name.endswith("weight") and "conv_out" not in name)[-1]
    torch.save(FAULTS[fault](whole, name), tmp_path / "given.pth")
    option = {"denoiser" if part == "unet" else part: tmp_path / "given.pth"}
    error = refused(out, base, rf"given\.pth: does not fit .*: 1 tensors {fault} \(first: {name}", **option)
    assert isinstance(error, ImportRefusedError)
    assert len(error.reports) == 9 and sum(not report.sound for report in error.reports) == 1


def save_bytes(content):
    return lambda path, state: path.write_bytes(content)


class Payload:
    def __reduce__(self):
        return os.system, ("true",)


def save_cut(path, state):
    save_file(state["unet"], path)
    path.write_bytes(path.read_bytes()[:-1000])


def save_sdxl(path, state):
    save_file({**state["unet"], "add_embedding.linear_1.weight": torch.zeros(2, 2)}, path)


def save_13_channels(path, state):
    save_file({**state["unet"], "conv_in.weight": torch.zeros(32, 13, 3, 3)}, path)


BAD = {
    "a web page": (save_bytes(b"<!DOCTYPE html>\n<html>sign in</html>"), "a web page, not weights"),
    "an LFS pointer": (save_bytes(b"version https://git-lfs.github.com/spec/v1\noid"), "Git LFS pointer"),
    "an empty file": (save_bytes(b""), "the file is empty"),
    "a picture": (save_bytes(b"\x89PNG\r\n\x1a\n" + bytes(600)), "neither safetensors nor a torch file"),
    "code": (lambda path, state: torch.save({"a": Payload()}, path), r"holds code or objects \(\w+\.system\)"),
    "old code": (
        lambda path, state: torch.save({"a": Payload()}, path, _use_new_zipfile_serialization=False),
        r"holds code or objects \(\w+\.system\)",
    ),
    "numbers": (lambda path, state: torch.save({"step": 3}, path), "no tensors in it"),
    "a list": (lambda path, state: torch.save([torch.zeros(2)], path), "no tensors in it"),
    "cut safetensors": (save_cut, "damaged safetensors file"),
    "a cut pickle": (
        lambda path, state: (torch.save(state["unet"], path), path.write_bytes(path.read_bytes()[:-9000])),
        "damaged torch file|neither safetensors nor a torch file, or cut off",
    ),
    "SDXL": (save_sdxl, "an SDXL U-Net; expected a Stable Diffusion 1.5 U-Net"),
    "13 channels": (save_13_channels, r"conv_in.weight has shape \(32, 13, 3, 3\), expected \(32, 4, 3, 3\)"),
    "an autoencoder": (lambda path, state: save_file(state["vae"], path), r"an autoencoder \(VAE\); expected"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_unet_is_refused_in_one_line(tmp_path, out, base, state, kind):
    write, expected = BAD[kind]
    write(tmp_path / "given.pth", state)
    refused(out, base, rf"given\.pth: .*({expected})", denoiser=tmp_path / "given.pth")


def test_a_motion_file_without_motion_is_refused(tmp_path, out, base, state):
    torch.save(state["unet"], tmp_path / "unet.pth")
    refused(out, base, "expected temporal modules", motion=tmp_path / "unet.pth")


def test_what_the_base_lacks_is_asked_for(tmp_path, out, state):
    save_network(state["unet"], tmp_path / "sd" / "unet", "diffusion_pytorch_model")
    refused(out, tmp_path / "sd", "no autoencoder in it; give one with --vae")
    save_network(state["vae"], tmp_path / "sd" / "vae", "diffusion_pytorch_model")
    refused(out, tmp_path / "sd", "no CLIP image encoder in it; give one with --image-encoder")
    refused(out, tmp_path / "nowhere", "no such file or folder")
    (tmp_path / "empty").mkdir()
    refused(out, tmp_path / "empty", "no folder unet in it")


@pytest.mark.slow
def test_values_that_half_precision_cannot_hold_are_refused(tmp_path, out, base, state):
    torch.save({**state["unet"], "conv_in.bias": torch.full((32,), 1e6)}, tmp_path / "u.pth")
    refused(out, base, r"denoiser: conv_in\.bias is not finite in torch\.float16", denoiser=tmp_path / "u.pth")
    assert made(out, base, denoiser=tmp_path / "u.pth", dtype=torch.bfloat16).sha256


def test_a_folder_that_holds_something_is_left_alone(tmp_path, base):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(WeightsError, match="exists already"):
        made(tmp_path, base)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_inspection_says_what_a_path_holds(tmp_path, out, base, shapes):
    made(out, base)
    found = inspect_weights(out)
    assert found.kind == "a facetrail model, preset sd15" and len(found.files) == 7 and not found.missing
    assert all(part.sound for part in found.parts) and "motion" in found.untrained
    (out / "vae.safetensors").unlink()
    assert inspect_weights(out).missing == ("vae.safetensors",)
    found = inspect_weights(base, TOY_SD15)
    assert found.kind.endswith("predicts epsilon") and all(part.sound for part in found.parts)
    save_file(drawn(shapes["motion"], 1), tmp_path / "mm.safetensors")
    found = inspect_weights(tmp_path / "mm.safetensors", TOY_SD15)
    assert (found.kind, found.tensors, found.parts[0].matched) == ("temporal modules", 560, 560)


def test_parts_on_disk_keep_their_published_names(out, base, state):
    made(out, base)
    assert load_file(out / "vae.safetensors").keys() == state["vae"].keys()
    assert load_file(out / "reference_net.safetensors").keys() == state["unet"].keys()


def test_eight_bit_weights_are_read_and_checked(tmp_path, out, base, state):
    small = {name: value.to(torch.float8_e4m3fn) for name, value in state["unet"].items()}
    save_file(small, tmp_path / "fp8.safetensors")
    made(out, base, denoiser=tmp_path / "fp8.safetensors")
    weights = load_file(out / "denoiser.safetensors")
    assert torch.equal(weights["conv_in.weight"], small["conv_in.weight"].half())
