"""`facetrail models import` and `inspect`, with networks of toy size in published layouts."""

import json

import pytest
import torch
from safetensors.torch import save_file

from forensics import cli
from generator.network.config import TOY_SD15
from generator.network.weights_io import load_pretrained
from generator.network.weights_layout import part_shapes

from .test_main import SCHEMAS, complaints


def network(name):
    rng = torch.Generator().manual_seed(1)
    shapes = {key: shape for key, shape in part_shapes(TOY_SD15)[name].items() if ".processor." not in key}
    return {key: torch.randn(shape, generator=rng) for key, shape in shapes.items()}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    names = {"unet": "denoiser", "vae": "vae", "image_encoder": "image_encoder"}
    for name, ours in names.items():
        (folder / "sd15" / name).mkdir(parents=True)
        stem = "model" if name == "image_encoder" else "diffusion_pytorch_model"
        save_file(network(ours), folder / "sd15" / name / f"{stem}.safetensors")
    torch.save({"state_dict": network("motion")}, folder / "mm.ckpt")
    return folder


@pytest.fixture
def facetrail(capsys, monkeypatch):
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    monkeypatch.setattr("logging.captureWarnings", lambda _: None)
    monkeypatch.setattr("generator.importers.sizes.SD15", TOY_SD15)

    def call(*arguments):
        code = cli.main(["models", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def checked(out, action):
    """Return the one entry of a JSON document that keeps to its schema."""
    document = json.loads(out)
    assert not complaints(document, json.loads((SCHEMAS / f"models_{action}.json").read_text()))
    (entry,) = document["results"]
    return entry


@pytest.mark.slow
def test_import_reports_every_part_and_makes_a_model(facetrail, published, tmp_path):
    code, out, _ = facetrail(
        "import", tmp_path / "model", "--base", published / "sd15", "--motion", published / "mm.ckpt",
        "--maps", "normals,displacement", "--face-model", "flame", "--precision", "float32",
    )  # fmt: skip
    assert code == 0
    assert (
        "  motion: 560 of 560 tensors from" in out and "32 keys and values of the Expression Adapter untrained" in out
    )
    assert "untrained: spatial_encoder.normals, spatial_encoder.displacement, expression_adapter;" in out
    model, digest = load_pretrained(tmp_path / "model")
    assert digest[:12] in out
    assert (model.config.maps, model.config.face_model) == (("normals", "displacement"), "flame")
    assert model.config.expression_inputs == 57
    assert torch.equal(model.state_dict()["denoiser.conv_in.weight"], network("denoiser")["conv_in.weight"])


@pytest.mark.slow
def test_a_refused_import_shows_what_does_not_fit_and_writes_nothing(facetrail, published, tmp_path):
    broken = network("motion")
    del broken["up_blocks.3.motion_modules.2.temporal_transformer.norm.weight"]
    torch.save(broken, tmp_path / "broken.pth")
    arguments = ("import", tmp_path / "model", "--base", published / "sd15", "--motion", tmp_path / "broken.pth")
    code, out, _ = facetrail(*arguments)
    assert code == 1
    assert "1 tensors missing (first: up_blocks.3.motion_modules.2.temporal_transformer.norm.weight)" in out
    code, out, _ = facetrail(*arguments, "--json")
    entry = checked(out, "import")
    assert code == 1 and entry["error"]["type"] == "ImportRefusedError"
    missing = {part["part"]: part["missing"] for part in entry["parts"]}
    assert missing["motion"] == ["up_blocks.3.motion_modules.2.temporal_transformer.norm.weight"]
    assert not any(names for part, names in missing.items() if part != "motion")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.pth"]


@pytest.mark.parametrize(
    ("arguments", "expected", "code"),
    [
        (("--spatial", "normals"), "--spatial normals: expected MAP=FILE", 2),
        (("--spatial", "hair=x.pth"), "no map is named hair", 1),
        (("--maps", "normals,hair"), "expected different names out of", 1),
        (("--vae", "nowhere"), "nowhere: no such file or folder", 1),
    ],
)
def test_import_explains_wrong_arguments_in_one_line(facetrail, published, tmp_path, arguments, expected, code):
    given, out, err = facetrail("import", tmp_path / "model", "--base", published / "sd15", *arguments)
    assert given == code and expected in err and err.count("\n") == 1 and not out
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_inspect_names_a_file_a_folder_and_a_model(facetrail, published, tmp_path):
    _, out, _ = facetrail("inspect", published / "mm.ckpt")
    assert "mm.ckpt: temporal modules" in out and "560 tensors (560 float32)" in out
    code, out, _ = facetrail("inspect", published / "sd15", "--json")
    entry = checked(out, "inspect")
    assert code == 0 and entry["kind"].startswith("a Stable Diffusion folder")
    assert entry["parameters"] == sum(
        v.numel() for n in ("denoiser", "vae", "image_encoder") for v in network(n).values()
    )
    _, out, _ = facetrail("import", tmp_path / "model", "--base", published / "sd15", "--json")
    made = checked(out, "import")
    assert (made["path"], made["untrained"][-1]) == (str(tmp_path / "model"), "motion")
    _, out, _ = facetrail("inspect", tmp_path / "model")
    assert "a facetrail model, preset sd15" in out and "untrained: spatial_encoder.normals" in out
    (tmp_path / "page.pth").write_text("<html>sign in</html>")
    code, _, err = facetrail("inspect", tmp_path / "page.pth")
    assert code == 1 and "a web page, not weights" in err
