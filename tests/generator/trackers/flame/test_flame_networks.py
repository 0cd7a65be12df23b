"""Test the published networks at full size with synthetic weights."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from generator.errors import ModelFilesError, TrackerError
from generator.face.face_params import LAYOUTS
from generator.face_models.stand_in import stand_in_arrays
from generator.trackers import TRACKERS, load_tracker, models_folder, registry
from generator.trackers.flame.checkpoint import part_of, read_checkpoint
from generator.trackers.flame.deca import PARTS, Deca
from generator.trackers.flame.smirk import Smirk

CROPS = torch.rand(3, 3, 224, 224, generator=torch.Generator().manual_seed(1))
BOX = (180.0, 100.0, 300.0, 250.0)


def made_state(network):
    """Return random weights for which a deep network's outputs stay small."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in network.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(1)
        elif value.ndim > 1:
            state[name] = noise * (1.5 / value[0].numel()) ** 0.5
        elif name.endswith(("running_var", "weight")):
            state[name] = 1 + 0.1 * noise.abs()
        else:
            state[name] = 0.05 * noise
    return state


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with both networks and FLAME in their published formats, where a user would store them."""
    folder = tmp_path_factory.mktemp("home") / "models"
    for name in ("deca", "smirk", "flame"):
        (folder / name).mkdir(parents=True)
    deca = made_state(Deca())
    deca["layers.2.bias"][206] = 8.0
    detail = {"encoder.conv1.weight": torch.zeros(64, 3, 7, 7)}
    torch.save({"E_flame": deca, "E_detail": detail, "D_detail": {}, "global_step": 1}, folder / "deca/deca_model.tar")
    smirk = {f"smirk_encoder.{name}": value for name, value in made_state(Smirk()).items()}
    smirk["smirk_encoder.pose_encoder.pose_cam_layers.0.bias"][3] = 8.0
    smirk["smirk_generator.conv.weight"] = torch.zeros(1)
    torch.save(smirk, folder / "smirk/SMIRK_em1.pt")
    arrays = stand_in_arrays()
    shapedirs = np.zeros((5023, 3, 400), np.float32)
    shapedirs[..., :100], shapedirs[..., 300:350] = arrays.shape, arrays.expression
    model = {
        "v_template": arrays.template, "shapedirs": shapedirs, "posedirs": arrays.pose, "J_regressor": arrays.regressor,
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]]), "weights": arrays.skinning,
        "f": arrays.faces,
    }  # fmt: skip
    (folder / "flame/generic_model.pkl").write_bytes(pickle.dumps(model))
    return folder.parent


@pytest.fixture
def at_home(home, monkeypatch):
    monkeypatch.setenv("FACETRAIL_HOME", str(home))
    return home


@pytest.fixture(scope="module")
def deca(home):
    return Deca.load(home / "models/deca/deca_model.tar")


@pytest.fixture(scope="module")
def smirk(home):
    return Smirk.load(home / "models/smirk/SMIRK_em1.pt")


def test_deca_has_the_published_names_and_sizes():
    names = Deca().state_dict()
    assert names["encoder.conv1.weight"].shape == (64, 3, 7, 7)
    assert names["encoder.layer1.0.downsample.0.weight"].shape == (256, 64, 1, 1)
    assert names["encoder.layer4.2.conv3.weight"].shape == (2048, 512, 1, 1)
    assert names["encoder.layer4.2.bn3.running_var"].shape == (2048,)
    assert names["layers.0.weight"].shape == (1024, 2048)
    assert names["layers.2.weight"].shape == (236, 1024)
    assert len(names) == 322
    assert not any(name.startswith("encoder.fc") for name in names)


@pytest.mark.slow
def test_deca_is_the_resnet_of_its_paper(deca):
    """The strides are on the 3x3 convolutions, as in torchvision's network, which DECA uses."""
    torchvision = pytest.importorskip("torchvision")
    reference = torchvision.models.resnet50(weights=None)
    reference.fc = nn.Identity()
    reference.load_state_dict(deca.encoder.state_dict())
    with torch.inference_mode():
        expected = reference.eval()(CROPS)
        torch.testing.assert_close(deca.encoder(CROPS), expected, rtol=1e-4, atol=1e-4)


def test_smirk_has_the_published_names_and_sizes():
    names = Smirk().state_dict()
    for encoder, block, width, head, size in (
        ("pose_encoder", 5, 576, "pose_cam_layers", 6),
        ("shape_encoder", 6, 960, "shape_layers", 300),
        ("expression_encoder", 6, 960, "expression_layers", 55),
    ):
        assert names[f"{encoder}.encoder.conv_stem.weight"].shape == (16, 3, 3, 3)
        assert names[f"{encoder}.encoder.blocks.{block}.0.conv.weight"].shape[0] == width
        assert names[f"{encoder}.{head}.0.weight"].shape == (size, width)
        assert f"{encoder}.encoder.blocks.{block + 1}.0.conv.weight" not in names
    assert not any(".se." in name for name in names)  # "minimal" has no squeeze and excitation


@pytest.mark.slow
def test_decas_outputs_go_where_they_belong(deca):
    with torch.inference_mode():
        raw = deca(CROPS).numpy()
    code = deca.read(CROPS)
    assert raw.shape == (3, sum(PARTS.values()))
    np.testing.assert_array_equal(code.shape, raw[:, :100])
    np.testing.assert_array_equal(
        code.expression, np.concatenate([raw[:, 150:200], np.zeros((3, 2)), raw[:, 203:206]], 1)
    )
    np.testing.assert_array_equal(code.turn, raw[:, 200:203])
    np.testing.assert_array_equal(code.camera, raw[:, 206:209])


@pytest.mark.slow
def test_smirks_outputs_go_where_they_belong_and_keep_to_their_limits(smirk):
    code = smirk.read(CROPS)
    assert code.shape.shape == (3, 100)
    assert code.expression.shape == (3, len(LAYOUTS["flame"].expression))
    with torch.inference_mode():
        head = smirk.pose_encoder(CROPS).numpy()
        np.testing.assert_allclose(code.turn, head[:, :3], rtol=1e-6)
        np.testing.assert_allclose(code.camera, head[:, 3:], rtol=1e-6)
    pushed = copy.deepcopy(smirk)
    last = pushed.expression_encoder.expression_layers[0]
    nn.init.zeros_(last.weight)
    for push, lids, jaw in ((3.0, 1, (3, 0.2, 0.2)), (-3.0, 0, (0, -0.2, -0.2)), (0.1, 0.1, (0.1, 0.1, 0.1))):
        nn.init.constant_(last.bias, push)
        expected = np.concatenate([np.full(50, push), np.full(2, lids), jaw])
        np.testing.assert_allclose(pushed.read(CROPS).expression, np.tile(expected, (3, 1)), rtol=1e-6)


@pytest.mark.slow
def test_batches_do_not_mix(deca, smirk):
    for network in (deca, smirk):
        together, alone = network.read(CROPS), network.read(CROPS[1:2])
        np.testing.assert_allclose(together.take(np.array([False, True, False])).shape, alone.shape, atol=1e-4)
        np.testing.assert_allclose(together.expression[1:2], alone.expression, atol=1e-4)


def test_file_of_the_other_tracker_is_refused(home):
    with pytest.raises(
        ModelFilesError, match=r"SMIRK_em1\.pt: has no part E_flame \(it holds smirk_encoder, smirk_generator\)"
    ):
        Deca.load(home / "models/smirk/SMIRK_em1.pt")
    with pytest.raises(ModelFilesError, match=r"deca_model\.tar: has no part smirk_encoder"):
        Smirk.load(home / "models/deca/deca_model.tar")


def test_missing_and_unknown_tensors_of_smirk_are_named(home, tmp_path):
    content = read_checkpoint(home / "models/smirk/SMIRK_em1.pt")
    del content["smirk_encoder.shape_encoder.shape_layers.0.bias"]
    content["smirk_encoder.shape_encoder.more"] = torch.zeros(1)
    path = tmp_path / "SMIRK_em1.pt"
    torch.save(content, path)
    with pytest.raises(
        ModelFilesError,
        match=r"1 tensors missing \(first: shape_encoder\.shape_layers\.0\.bias\), 1 tensors unexpected "
        r"\(first: shape_encoder\.more\)",
    ):
        Smirk.load(path)
    assert "shape_encoder.more" in part_of(content, "smirk_encoder", path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deca", "smirk"])
def test_tracker_runs_from_the_users_files(at_home, monkeypatch, name):
    def absent():
        raise ModelFilesError("not installed")

    monkeypatch.setattr(registry, "_face_mesh", absent)
    tracker = load_tracker(name)
    assert (tracker.name, tracker.face_model) == (name, "flame")
    picture = np.random.default_rng(0).integers(0, 255, (360, 480, 3), np.uint8)
    params = tracker.track_still(picture, box=BOX)
    assert params.camera[0] > 0
    drive = tracker.track_clip(np.stack([picture, picture, picture]), 25.0, box=BOX)
    np.testing.assert_allclose(drive.shape, params.shape, atol=1e-3)
    np.testing.assert_allclose(drive.camera, np.tile(params.camera, (3, 1)), atol=1e-3)


@pytest.mark.slow
def test_weights_and_flame_may_stand_elsewhere(home, tmp_path, monkeypatch):
    monkeypatch.setenv("FACETRAIL_HOME", str(tmp_path))
    models = home / "models"
    for weights, flame in (
        (models / "smirk/SMIRK_em1.pt", models / "flame/generic_model.pkl"),
        (models / "smirk", models / "flame"),
    ):
        assert load_tracker("smirk", weights, flame=flame).name == "smirk"


def test_absent_files_are_named_with_source_licence_and_place(home, tmp_path, monkeypatch):
    monkeypatch.setenv("FACETRAIL_HOME", str(tmp_path))
    assert models_folder() == tmp_path / "models"
    place = tmp_path / "models/deca/deca_model.tar"
    for given, said in (
        (
            ("deca",),
            rf"^{place}: .*github\.com/yfeng95/DECA \(licence: non-commercial research only\) and put it there",
        ),
        (("smirk",), r"models/smirk/SMIRK_em1\.pt: .*MIT for the code, unclear for the weights"),
        (("deca", Path("typo.tar")), r"^typo\.tar: .*name the file"),
        (
            ("smirk", home / "models/smirk"),
            r"models/flame/flame2023_Open\.pkl: FLAME is not there; .*flame\.is\.tue\.mpg\.de",
        ),
    ):
        with pytest.raises(ModelFilesError, match=said) as error:
            load_tracker(*given)
        assert "\n" not in str(error.value)


def test_unknown_tracker_and_weights_for_the_face_mesh_are_refused():
    with pytest.raises(TrackerError, match="no tracker 'decca'; there are: arkit, deca, smirk"):
        load_tracker("decca")
    with pytest.raises(TrackerError, match=r"a\.tar: tracker arkit takes no weights"):
        load_tracker("arkit", Path("a.tar"))


def test_every_tracker_says_what_it_reads_and_under_which_terms():
    assert [spec.name for spec in TRACKERS] == ["arkit", "deca", "smirk"]
    assert all(spec.face_model in LAYOUTS and spec.licence and spec.source for spec in TRACKERS)
