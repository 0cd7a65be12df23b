"""`facetrail models`: list optional models or get them."""

from __future__ import annotations

import argparse

from ..answers import Answer, JsonObject
from ..arguments import add_json, add_verbose
from ..progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    lister = actions.add_parser("list", help="list the models and where they lie")
    getter = actions.add_parser("get", help="download a model, check its SHA-256 and unpack it into the user cache")
    getter.add_argument("model", choices=("face-mesh",), metavar="MODEL", help="face-mesh: finds and tracks faces")
    for action, run in ((lister, run_list), (getter, run_get)):
        add_json(action)
        add_verbose(action)
        action.set_defaults(run=run)


def run_list(options: argparse.Namespace, report: Report) -> Answer:
    """List shipped and optional models."""
    from ..installation import model_parts

    parts = model_parts()
    entries: list[JsonObject] = [part.entry() for part in parts]
    return Answer("\n".join(part.line() for part in parts), tuple(entries))


def run_get(options: argparse.Namespace, report: Report) -> Answer:
    """Get the face mesh networks."""
    from generator.trackers import face_mesh_folder, install_face_mesh

    lines: list[str] = []

    def told(line: str) -> None:
        lines.append(line)
        report(0.0, line)

    install_face_mesh(progress=told)
    entry: JsonObject = {"path": str(face_mesh_folder()), "model": options.model}
    return Answer(lines[-1] if lines else f"face mesh networks are in {face_mesh_folder()}", (entry,))
