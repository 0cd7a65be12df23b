from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detectors import DetectorCard, create_detector, save_detector
from forensics.cli.main import COMMANDS
from forensics.corpus import Corpus
from forensics.execution.command_result import CommandResult, document, error_entry, explain
from watermark import Deployment, encode_clip

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"
NAMES = [command.name for command in COMMANDS]
LEAVES = [[name] for name in NAMES if name not in ("identity", "trust", "models", "corpus", "train")] + [
    ["trust", "add"],
    ["identity", "new"],
    ["identity", "show"],
    ["models", "get"],
    ["models", "import"],
    ["models", "inspect"],
    ["models", "list"],
    ["corpus", "synthesize"],
    ["corpus", "check"],
    ["corpus", "split"],
    ["corpus", "import"],
    ["corpus", "crop"],
    ["train", "detector"],
]


def complaints(value: object, schema: dict[str, object], where: str = "") -> list[str]:
    """Check a value against the part of JSON Schema that docs/schemas uses."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    if "anyOf" in schema:
        tried = [complaints(value, choice, where) for choice in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    if "const" in schema:
        return [] if value == schema["const"] else [f"{where} is {value!r}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{where} is {value!r}"]
    if schema["type"] == "null":
        return [] if value is None else [f"{where} is {value!r}"]
    wrong_bool = isinstance(value, bool) and schema["type"] != "boolean"
    if wrong_bool or not isinstance(value, kinds[schema["type"]]):
        return [f"{where} is {value!r}, not {schema['type']}"]
    if isinstance(value, list):
        return [
            fault
            for index, item in enumerate(value)
            for fault in complaints(item, schema["items"], f"{where}[{index}]")
        ]
    if isinstance(value, dict):
        missing = [f"{where}.{name} is missing" for name in schema["required"] if name not in value]
        inner = [
            fault
            for name, part in schema["properties"].items()
            if name in value
            for fault in complaints(value[name], part, f"{where}.{name}")
        ]
        return missing + inner
    return []


@pytest.fixture(scope="module")
def toy_detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector") / "toy"
    card = DetectorCard(data="nothing", data_digest="", split="none", licence="Apache-2.0")
    save_detector(create_detector("toy_resnet18", seed=1), folder, card)
    return folder


@pytest.fixture
def picture(tmp_path: Path, avatar_still: np.ndarray) -> Path:
    path = tmp_path / "avatar.png"
    Image.fromarray(avatar_still).save(path)
    return path


@pytest.mark.parametrize("arguments", [[], *LEAVES], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom forensics.cli import main\n"
        f"code = main({[*arguments, '--help']!r})\n"
        "heavy = {'torch', 'cv2', 'av', 'timm', 'diffusers', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: facetrail")
    assert "--verbose" in done.stdout or not arguments


def test_the_overview_names_every_command_of_the_contract(facetrail: Callable[..., tuple[int, str, str]]) -> None:
    _, overview, _ = facetrail("--help")
    assert all(f"\n    {name} " in overview for name in NAMES)


@pytest.mark.parametrize(
    "arguments", [[], ["bogus"], ["seal"], ["examine"], ["seal", "a.png"], ["evaluate"], ["demo", "--seed", "-1"]]
)
def test_wrong_usage_exits_with_2(facetrail: Callable[..., tuple[int, str, str]], arguments: list[str]) -> None:
    code, out, err = facetrail(*arguments)
    assert (code, out) == (2, "")
    assert "facetrail" in err


@pytest.mark.slow
def test_sealed_files_read_back_with_the_mark_they_were_given(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    home = ("--home", deployment.folder)
    for kind in ("generated", "control"):
        sealed = tmp_path / f"{kind}.jpg"
        code, out, _ = facetrail("seal", picture, "-o", sealed, "--kind", kind, "--json", *home)
        assert code == 0
        assert complaints(json.loads(out), json.loads((SCHEMAS / "seal.json").read_text())) == []
        made = json.loads(out)["results"][0]
        code, out, _ = facetrail("read", sealed, "--json", *home)
        assert code == 0
        assert complaints(json.loads(out), json.loads((SCHEMAS / "read.json").read_text())) == []
        found = json.loads(out)["results"][0]
        assert found["mark"]["id"] == made["mark"]["id"]
        assert (found["mark"]["kind"], found["mark"]["ours"]) == (kind, True)
        assert found["credential"]["state"] == "trusted"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:200])
    missing = tmp_path / "missing.mp4"
    code, out, err = facetrail("read", broken, picture, missing, "--json", "--home", deployment.folder)
    results = json.loads(out)["results"]
    assert code == 1
    assert ["error" in result for result in results] == [True, False, True]
    assert results[0]["error"]["path"] == str(broken)
    assert results[0]["error"]["type"] == "MediaError"
    assert complaints(json.loads(out), json.loads((SCHEMAS / "read.json").read_text())) == []
    assert len([line for line in err.splitlines() if "broken.png" in line]) == 1
    assert "Traceback" not in err


@pytest.mark.slow
def test_read_exits_with_3_for_a_file_altered_after_it_was_signed(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    home = ("--home", deployment.folder)
    sealed, altered = tmp_path / "sealed.png", tmp_path / "altered.png"
    assert facetrail("seal", picture, "-o", sealed, "--kind", "generated", *home)[0] == 0
    changed = bytearray(sealed.read_bytes())
    changed[-20] ^= 1
    altered.write_bytes(changed)
    assert facetrail("read", sealed, picture, *home)[0] == 0
    code, out, _ = facetrail("read", sealed, altered, "--json", *home)
    assert [result["outcome"] for result in json.loads(out)["results"]] == ["trusted", "altered"]
    assert code == 3
    assert facetrail("read", altered, tmp_path / "missing.png", *home)[0] == 1


@pytest.mark.slow
def test_examine_answers_in_order_and_exits_with_3_where_attention_is_due(
    facetrail: Callable[..., tuple[int, str, str]],
    picture: Path,
    deployment: Deployment,
    toy_detector: Path,
    tmp_path: Path,
) -> None:
    options = ("--detector", toy_detector, "--home", deployment.folder)
    sealed = tmp_path / "sealed.png"
    facetrail("seal", picture, "-o", sealed, "--kind", "generated", "--home", deployment.folder)
    altered = tmp_path / "altered.png"
    content = bytearray(sealed.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(bytes(content))
    stripped = tmp_path / "stripped.png"
    Image.open(sealed).save(stripped)
    files = (stripped, sealed, altered, picture)
    code, out, _ = facetrail("examine", *files, "--json", *options)
    answer = json.loads(out)
    assert code == 3
    assert complaints(answer, json.loads((SCHEMAS / "examine.json").read_text())) == []
    assert [result["path"] for result in answer["results"]] == [str(path) for path in files]
    assert [result["finding"] for result in answer["results"]] == ["marked", "declared", "altered", "inconclusive"]
    assert [result["face_finder"] for result in answer["results"]] == ["face-mesh", "face-mesh", None, "face-mesh"]
    assert all(len(result["reasons"]) == 3 for result in answer["results"])


def test_examine_exits_with_0_where_nothing_deserves_attention(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, toy_detector: Path
) -> None:
    code, out, _ = facetrail("examine", picture, "--detector", toy_detector, "--home", deployment.folder)
    assert code == 0
    assert out.splitlines()[:2] == [str(picture), "  INCONCLUSIVE"]


@pytest.mark.slow
def test_examine_tells_a_clip_s_timeline_and_draws_it(
    facetrail: Callable[..., tuple[int, str, str]],
    picture: Path,
    deployment: Deployment,
    toy_detector: Path,
    tmp_path: Path,
) -> None:
    frames = np.stack([np.asarray(Image.open(picture))] * 20)
    clips = [tmp_path / folder / "clip.mp4" for folder in ("a", "b")]
    for clip in clips:
        clip.parent.mkdir()
        encode_clip(frames, clip, fps=10.0)
    options = ("--detector", toy_detector, "--home", deployment.folder, "--timeline", tmp_path / "drawn")
    code, out, _ = facetrail("examine", *clips, picture, "--json", *options)
    answer = json.loads(out)
    assert code == 0
    assert complaints(answer, json.loads((SCHEMAS / "examine.json").read_text())) == []
    first, second, still = answer["results"]
    assert first["timeline"]["frames_looked_at"] == len(first["timeline"]["moments"]) == 16
    assert first["timeline"]["marks"][-1]["end"] == first["timeline"]["seconds"] == 2.0
    assert Path(first["timeline_picture"]).read_text().startswith("<svg ")
    assert (Path(first["timeline_picture"]).name, Path(second["timeline_picture"]).name) == (
        "clip.mp4.svg",
        "clip.mp4-2.svg",
    )
    assert still["timeline"] is None
    assert "timeline_picture" not in still
    _, text, _ = facetrail("examine", clips[0], *options)
    assert "timeline drawn in" in text
    assert max(map(len, text.splitlines()[1:-1])) <= 120


@pytest.mark.slow
def test_examine_reads_a_list_counts_findings_and_reports_what_it_could_not_read(
    facetrail: Callable[..., tuple[int, str, str]],
    picture: Path,
    deployment: Deployment,
    toy_detector: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ("--detector", toy_detector, "--home", deployment.folder)
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:200])
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{picture}\n\n{broken}\n"))
    code, out, err = facetrail("examine", "-", *options)
    assert code == 1
    assert out.splitlines()[-1] == "2 files: 1 inconclusive, 1 not examined"
    assert len([line for line in err.splitlines() if "broken.png" in line and "examining" not in line]) == 1
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{picture}\n\n{broken}\n"))
    _, out, _ = facetrail("examine", "-", "--json", *options)
    answer = json.loads(out)
    assert complaints(answer, json.loads((SCHEMAS / "examine.json").read_text())) == []
    assert ["error" in result for result in answer["results"]] == [False, True]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    code, out, err = facetrail("examine", "-", *options)
    assert (code, out) == (1, "")
    assert "standard input names no file" in err


@pytest.mark.slow
def test_folders_and_patterns_stand_for_their_media(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment
) -> None:
    (picture.parent / "notes.txt").write_text("no picture")
    second = picture.with_name("second.png")
    second.write_bytes(picture.read_bytes())
    for argument in (picture.parent, picture.parent / "*.png"):
        code, out, _ = facetrail("read", argument, "--json", "--home", deployment.folder)
        assert code == 0
        assert [result["path"] for result in json.loads(out)["results"]] == [str(picture), str(second)]


def test_a_pattern_without_a_match_is_one_clear_line(
    facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, out, err = facetrail("read", tmp_path / "*.png", "--home", tmp_path / "home")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "*.png" in err


@pytest.mark.parametrize("flaw", ["text", "truncated", "tiny", "missing", "animation", "gif"])
def test_bad_input_to_seal_is_one_line_that_names_the_file_and_leaves_nothing(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path, flaw: str
) -> None:
    bad = tmp_path / f"{flaw}.png"
    if flaw == "text":
        bad.write_text("no picture")
    elif flaw == "truncated":
        bad.write_bytes(picture.read_bytes()[:500])
    elif flaw == "tiny":
        Image.new("RGB", (20, 20)).save(bad)
    elif flaw in ("animation", "gif"):
        frames = [Image.new("RGB", (256, 256), colour) for colour in ("red", "blue")]
        frames[0].save(bad, "GIF" if flaw == "gif" else "PNG", save_all=True, append_images=frames[1:])
    out_file = tmp_path / "out" / "sealed.png"
    out_file.parent.mkdir()
    code, out, err = facetrail("seal", bad, "-o", out_file, "--kind", "generated", "--home", deployment.folder)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert bad.name in err
    assert list(out_file.parent.iterdir()) == []


@pytest.mark.slow
def test_sealing_says_what_became_of_transparency(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    clear = tmp_path / "clear.png"
    with Image.open(picture) as image:
        image.convert("RGBA").save(clear)
    for source, said in ((clear, True), (picture, False)):
        sealed = tmp_path / f"sealed-{source.name}"
        code, out, _ = facetrail("seal", source, "-o", sealed, "--kind", "generated", "--home", deployment.folder)
        assert code == 0
        assert ("transparency  was laid over white" in out) is said


def test_an_output_folder_that_is_missing_is_named(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    code, _, err = facetrail(
        "seal", picture, "-o", tmp_path / "nowhere" / "x.png", "--kind", "generated", "--home", deployment.folder
    )
    assert code == 1
    assert "nowhere" in err
    assert len(err.splitlines()) == 1


def test_with_json_a_failed_command_still_answers_one_document(
    facetrail: Callable[..., tuple[int, str, str]], deployment: Deployment, tmp_path: Path
) -> None:
    code, out, _ = facetrail(
        "seal",
        tmp_path / "missing.png",
        "-o",
        tmp_path / "x.png",
        "--kind",
        "generated",
        "--json",
        "--home",
        deployment.folder,
    )
    assert code == 1
    (entry,) = json.loads(out)["results"]
    assert set(entry["error"]) == {"type", "message", "path"}


def test_verbose_shows_where_an_error_came_from(
    facetrail: Callable[..., tuple[int, str, str]],
    deployment: Deployment,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    arguments = (
        "seal",
        tmp_path / "missing.png",
        "-o",
        tmp_path / "x.png",
        "--kind",
        "edited",
        "--home",
        deployment.folder,
    )
    assert "Traceback" not in facetrail(*arguments)[2]
    with caplog.at_level(logging.INFO):
        facetrail(*arguments, "-v")
    assert "sealing" in caplog.text and "Traceback" in caplog.text


def test_an_unexpected_error_is_one_line_as_well(
    facetrail: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("forensics.reporting.write_report", broken)
    code, _, err = facetrail("report", tmp_path)
    assert code == 1
    assert err == "facetrail report: unexpected ZeroDivisionError: division by zero; run again with -v to see where\n"


def test_the_keyboard_stops_a_command_in_one_line(
    facetrail: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forensics.reporting.write_report", stopped)
    assert facetrail("report", tmp_path) == (130, "", "stopped\n")


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error(picture: Path, deployment: Deployment) -> None:
    command = [sys.executable, "-m", "forensics", "read", *[str(picture)] * 3, "--home", str(deployment.folder)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_identity_is_made_once_and_shown_without_its_key(
    facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    home = ("--home", tmp_path / "home")
    assert facetrail("identity", "show", *home)[0] == 1
    code, out, _ = facetrail("identity", "new", "--json", *home)
    made = json.loads(out)
    assert code == 0
    assert made["command"] == "identity new"
    assert made["results"][0]["key_mode"] == "0600"
    assert facetrail("identity", "new", *home)[0] == 1
    code, out, _ = facetrail("identity", "show", *home)
    assert made["results"][0]["fingerprint"] in out
    assert "PRIVATE" not in out


def test_doctor_names_what_is_missing_and_how_to_get_it(
    facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACETRAIL_CACHE", str(tmp_path / "cache"))
    _, out, _ = facetrail("doctor", "--json", "--home", tmp_path / "home")
    parts = {part["name"]: part for part in json.loads(out)["results"]}
    assert parts["torch"]["present"]
    assert not parts["face mesh"]["present"]
    assert parts["face mesh"]["remedy"] == "facetrail models get face-mesh"
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_corpus_check_prints_its_table_and_names_leaking_ids(
    facetrail: Callable[..., tuple[int, str, str]], tiny_corpus: Corpus, tmp_path: Path
) -> None:
    import shutil

    code, out, _ = facetrail("corpus", "check", tiny_corpus.root)
    assert code == 0
    assert out.splitlines()[-1].strip() == "sound"
    copy = tmp_path / "copy"
    shutil.copytree(tiny_corpus.root, copy)
    manifest = copy / "manifest.jsonl"
    lines = manifest.read_text().splitlines()
    lines[0] = lines[0].replace('"split": "train"', '"split": "test"')
    manifest.write_text("\n".join(lines) + "\n")
    code, out, _ = facetrail("corpus", "check", copy, "--json")
    faults = json.loads(out)["results"][0]["faults"]
    assert code == 1
    assert any(fault["fault"] == "leak" and tiny_corpus.samples[0].id in fault["ids"] for fault in faults)


def test_scores_of_another_program_are_measured(facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    rows = ["video,identity,label,score"]
    rows += [f"v{n},p{n},{n % 2},{0.2 + 0.6 * (n % 2) + 0.01 * n}" for n in range(12)]
    table = tmp_path / "scores.csv"
    table.write_text("\n".join(rows) + "\n")
    code, out, _ = facetrail("evaluate", "--scores", table, "--json")
    answer = json.loads(out)
    assert code == 0
    assert complaints(answer, json.loads((SCHEMAS / "evaluate.json").read_text())) == []
    auc = next(measure for measure in answer["results"][0]["measures"] if measure["name"] == "auc/video")
    assert (auc["value"], auc["n_positive"], auc["n_negative"]) == (1.0, 6, 6)
    assert answer["results"][0]["sealed"] is False


def test_a_synthesis_answers_as_its_schema_says(tiny_corpus: Corpus) -> None:
    from forensics.cli.commands.corpus_description import describe
    from forensics.cli.commands.corpus_synthesize import describe_own
    from forensics.synthesis.own.making import OwnCorpus
    from forensics.synthesis.own.receipt import Line

    schema = json.loads((SCHEMAS / "corpus_synthesize.json").read_text())
    lines = (
        Line("sources/a.png", "ada", "test", "", "genuine", sample="test-s0000"),
        Line("sources/a.png", "ada", "test", "mouth-edit", "missing", "a picture shows no other moment"),
        Line("sources/b.png", "b", "", "", "refused", "no face: nobody is seen"),
    )
    own = describe_own(OwnCorpus(tiny_corpus, lines))
    assert "sources/b.png: file refused: no face: nobody is seen" in own.text
    for result in (describe(tiny_corpus), own):
        assert complaints(json.loads(document("corpus synthesize", result.results)), schema) == []
    assert own.results[0]["happened"] == {"genuine": 1, "made": 0, "refused": 1, "missing": 1, "failed": 0}
    wrong = document("corpus synthesize", ({**own.results[0], "samples": "many"},))
    assert complaints(json.loads(wrong), schema)


@pytest.mark.parametrize("options", [[], ["--power", "0.05"], ["--seeds"]])
def test_a_comparison_answers_as_its_schema_says(
    facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path, options: list[str]
) -> None:
    rng = np.random.default_rng(0)
    for name in ("one", "two", "three"):
        rows = [f"v{n},p{n % 15},{n % 2},{rng.normal(n % 2):.4f}" for n in range(60)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["video,identity,label,score", *rows]) + "\n")
        facetrail("evaluate", "--scores", tmp_path / f"{name}.csv", "-o", tmp_path / name)
    named = [tmp_path / name / name if options == ["--seeds"] else tmp_path / f"{name}.csv" for name in ["one", "two"]]
    named += [tmp_path / "three" / "three"] if options == ["--seeds"] else []
    for report in tmp_path.glob("*/*/evaluation.json"):
        report.write_text(re.sub('"corpus": "[^"]*"', '"corpus": "toys"', report.read_text()))
    code, out, _ = facetrail("compare", *named, *options, "--replicates", "100", "--json")
    answer = json.loads(out)
    assert code == 0
    assert complaints(answer, json.loads((SCHEMAS / "compare.json").read_text())) == []
    assert ("measures" in answer["results"][0]) == (options == ["--seeds"])


@pytest.mark.parametrize(
    ("error", "path", "words"),
    [
        (OSError(28, "No space left on device"), Path("a/b.mp4"), ["a/b.mp4", "No space left", "free some space"]),
        (PermissionError(13, "Permission denied", "x/y.png"), None, ["x/y.png", "choose a folder you may write to"]),
        (ValueError("two\nlines"), None, ["two lines"]),
        (ValueError(), None, ["ValueError"]),
    ],
)
def test_an_explanation_is_one_line_with_file_and_way_out(
    error: Exception, path: Path | None, words: list[str]
) -> None:
    line = explain(error, path)
    assert "\n" not in line
    assert all(word in line for word in words)


def test_a_file_named_in_the_message_is_not_named_twice() -> None:
    assert explain(ValueError("b.png: is damaged"), Path("a/b.png")) == "b.png: is damaged"


def test_undefined_numbers_do_not_reach_the_document() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        document("read", ({"value": float("nan")},))


def test_an_error_outranks_a_finding_in_the_exit_code() -> None:
    assert CommandResult("", failed=True, attention=True).exit_code == 1
    assert CommandResult("", attention=True).exit_code == 3
    assert CommandResult("").exit_code == 0
    assert error_entry(ValueError("x"), Path("f"))["error"] == {"type": "ValueError", "message": "f: x", "path": "f"}


def test_progress_goes_to_stderr_and_stays_silent_for_quick_work(picture: Path, deployment: Deployment) -> None:
    from forensics.execution.progress import open_progress

    stream = io.StringIO()
    with open_progress(stream) as report:
        report(0.5, "quick")
    assert stream.getvalue() == ""


def test_a_signed_file_answers_as_its_schema_says(
    facetrail: Callable[..., tuple[int, str, str]], picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    arguments = ("sign", picture, tmp_path / "missing.png", "-o", tmp_path / "out", "--kind", "edited", "--json")
    code, out, _ = facetrail(*arguments, "--home", deployment.folder)
    assert code == 1
    assert complaints(json.loads(out), json.loads((SCHEMAS / "sign.json").read_text())) == []
    assert ["error" in result for result in json.loads(out)["results"]] == [False, True]
