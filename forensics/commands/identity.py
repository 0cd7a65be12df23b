"""`facetrail identity`: make or show the local signing identity."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..answers import Answer, JsonObject
from ..arguments import add_home, add_json, add_verbose
from ..progress import Report

if TYPE_CHECKING:
    from watermark import Deployment


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, run, text in (
        ("new", run_new, "make an identity, a mark key and an empty manifest store in a folder that has none"),
        ("show", run_show, "show who signs and where everything lies"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        add_home(action)
        add_json(action)
        add_verbose(action)
        action.set_defaults(run=run)


def run_new(options: argparse.Namespace, report: Report) -> Answer:
    """Make a deployment where there is none."""
    from watermark import Deployment

    from ..errors import InputError
    from ..home import home_folder

    folder = home_folder(options.home)
    if (folder / "identity").exists():
        raise InputError(f"{folder} holds an identity already; choose another folder with --home", folder)
    return _describe(Deployment.open(folder))


def run_show(options: argparse.Namespace, report: Report) -> Answer:
    """Show a deployment that exists."""
    from watermark import Deployment

    from ..errors import MissingPieceError
    from ..home import home_folder

    folder = home_folder(options.home)
    if not (folder / "identity").exists():
        raise MissingPieceError(f"{folder} holds no identity yet; make one with `facetrail identity new`", folder)
    return _describe(Deployment.open(folder))


def _describe(deployment: Deployment) -> Answer:
    identity = deployment.identity
    entry: JsonObject = {
        "path": str(deployment.folder),
        "subject": identity.subject,
        "fingerprint": identity.fingerprint,
        "not_after": identity.not_after.isoformat(),
        "key_mode": f"{identity.key_path.stat().st_mode & 0o777:04o}",
    }
    text = (
        f"{deployment.folder}\n"
        f"  signs as     {identity.subject}\n"
        f"  fingerprint  {identity.fingerprint}\n"
        f"  valid until  {identity.not_after:%Y-%m-%d}\n"
        f"  private key  {identity.key_path}, mode {entry['key_mode']}\n"
        f"  root         {deployment.folder / 'identity' / 'root.pem'}, for those who should trust your signature"
    )
    return Answer(text, (entry,))
