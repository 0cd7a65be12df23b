"""Run `facetrail identity`: create, show, renew or export the signing identity, and rotate its mark key."""

from __future__ import annotations

import argparse
import datetime as dt
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_home, add_json, add_verbose
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report

SOON_DAYS = 30
"""From how many days before its end on a certificate should be renewed."""

if TYPE_CHECKING:
    from watermark import Deployment, SignCommand, TimeStamping


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, run, text in (
        ("new", run_new, "make an identity, a mark key and an empty manifest store in a folder that has none"),
        ("show", run_show, "show who signs and where everything lies"),
        ("renew", run_renew, "make a new signing certificate; root, mark keys and manifests stay"),
        ("rotate", run_rotate_identity, "exchange the whole chain; files of the earlier one stay trusted here"),
        ("rotate-mark-key", run_rotate, "make a new key for marks; those made with the earlier keys stay readable"),
        ("export-anchors", run_export, "write the certificates that others need to trust your signatures"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        if name in ("new", "rotate"):
            action.add_argument(
                "--name", metavar="NAME", help="name of the signer in a local development identity, up to 40 characters"
            )
            _add_chain(action)
        if name == "new":
            _add_time_stamp(action)
        if name == "export-anchors":
            action.add_argument(
                "-o", "--out", type=Path, metavar="PEM", help="file to write (default: standard output)"
            )
            action.add_argument("--force", action="store_true", help="replace a file that is there already")
        add_home(action)
        add_json(action)
        add_verbose(action)
        action.set_defaults(run=run)


def _add_chain(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "a chain of your own", "instead of a local development identity; chain, root, and one of the others"
    )
    group.add_argument("--chain", type=Path, metavar="PEM", help="the signing certificate, then its issuers")
    group.add_argument("--key", type=Path, metavar="PEM", help="its private key, without a password")
    group.add_argument(
        "--sign-command",
        metavar="COMMAND",
        help="program, with its arguments, that signs with a key kept elsewhere (a hardware module, a key service): "
        "bytes to sign on its standard input, the signature on its standard output",
    )
    group.add_argument(
        "--root", type=Path, metavar="PEM", help="the root certificate they lead to, or a bundle with it"
    )


def _add_time_stamp(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "time stamps", "keep signatures valid after the certificate has expired; signing then uses the network"
    )
    group.add_argument("--time-stamp", metavar="URL", help="time-stamp authority (RFC 3161) to ask")
    group.add_argument("--time-stamp-root", type=Path, metavar="PEM", help="the authority's root certificate")
    group.add_argument(
        "--require-time-stamp", action="store_true", help="refuse to sign when the authority does not answer"
    )


def run_new(options: argparse.Namespace, report: Report) -> CommandResult:
    """Create a deployment where there is none."""
    from forensics.cli.trust_anchors import read_pem
    from forensics.errors import InputError
    from watermark import Deployment, Identity, home_folder

    folder = home_folder(options.home)
    place = folder / "identity"
    if place.exists():
        raise InputError(f"{folder} holds an identity already; choose another folder with --home", folder)
    signing = _check_chain(options)
    stamping = _time_stamping(options)
    if options.key:
        Identity.bring(place, read_pem(options.chain), read_pem(options.root), _bytes(options.key), stamping)
    elif signing:
        command = _sign_command(options.sign_command)
        Identity.delegate(place, read_pem(options.chain), read_pem(options.root), command, stamping)
    else:
        Identity.create(place, stamping, name=options.name)
    return _describe(Deployment.open(folder))


def _check_chain(options: argparse.Namespace) -> bool:
    """Return whether a chain of one's own is given, and refuse one that is incomplete."""
    from forensics.errors import UsageError

    signing = [way for way in (options.key, options.sign_command) if way is not None]
    if any((options.chain, options.root, *signing)) and not (options.chain and options.root and len(signing) == 1):
        raise UsageError("a chain of your own needs --chain, --root and either --key or --sign-command")
    if options.name is not None and signing:
        raise UsageError("--name names a local development identity; a chain of your own names its signer itself")
    return bool(signing)


def run_rotate_identity(options: argparse.Namespace, report: Report) -> CommandResult:
    """Exchange the chain of an existing deployment; mark keys and manifests stay."""
    from forensics.cli.trust_anchors import read_pem
    from watermark import Deployment, bring_into, rotate_identity

    earlier = _existing(options.home)
    place = earlier.folder / "identity"
    if _check_chain(options):
        signing = _bytes(options.key) if options.key else _sign_command(options.sign_command)
        bring_into(place, read_pem(options.chain), read_pem(options.root), signing)
    else:
        rotate_identity(place, options.name)
    return _describe(Deployment.open(earlier.folder))


def run_show(options: argparse.Namespace, report: Report) -> CommandResult:
    """Show an existing deployment."""
    return _describe(_existing(options.home))


def run_renew(options: argparse.Namespace, report: Report) -> CommandResult:
    """Make a new leaf for an identity that exists; reading goes on with the same root."""
    from watermark import Deployment, Identity

    earlier = _existing(options.home)
    Identity.renew(earlier.folder / "identity")
    return _describe(Deployment.open(earlier.folder))


def run_rotate(options: argparse.Namespace, report: Report) -> CommandResult:
    """Add a mark key to an existing deployment."""
    return _describe(_existing(options.home).rotate_mark_key())


def run_export(options: argparse.Namespace, report: Report) -> CommandResult:
    """Write the root, and the time-stamp authority's root where there is one."""
    deployment = _existing(options.home)
    text = "".join(deployment.identity.anchors)
    entry: JsonObject = {
        "path": None if options.out is None else str(options.out),
        "anchors": list(deployment.identity.anchors),
    }
    if options.out is None:
        return CommandResult(text, (entry,))
    options.out.write_text(text, "ascii")
    return CommandResult(f"{options.out}\n  for readers: facetrail read FILE --trust {options.out.name}", (entry,))


def _existing(home: Path | None) -> Deployment:
    from forensics.errors import MissingPieceError
    from watermark import Deployment, home_folder

    folder = home_folder(home)
    if not (folder / "identity").exists():
        raise MissingPieceError(f"{folder} holds no identity yet; make one with `facetrail identity new`", folder)
    return Deployment.open(folder)


def _time_stamping(options: argparse.Namespace) -> TimeStamping | None:
    from forensics.cli.trust_anchors import read_pem
    from forensics.errors import UsageError
    from watermark import TimeStamping

    if options.time_stamp is None:
        if options.require_time_stamp or options.time_stamp_root:
            raise UsageError("--require-time-stamp and --time-stamp-root need --time-stamp URL")
        return None
    root = read_pem(options.time_stamp_root) if options.time_stamp_root else None
    return TimeStamping(options.time_stamp, options.require_time_stamp, root)


def _sign_command(text: str) -> SignCommand:
    from forensics.errors import UsageError
    from watermark import SignCommand

    try:
        return SignCommand.of(*shlex.split(text))
    except ValueError as error:
        raise UsageError(
            f"--sign-command {text!r} cannot be taken apart ({error}); quote it as a shell would"
        ) from error


def _bytes(path: Path) -> bytes:
    from forensics.errors import InputError

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give the private key as PEM", path) from error


def _describe(deployment: Deployment) -> CommandResult:
    from watermark import SignCommand, mark_key_fingerprints

    identity = deployment.identity
    days = (identity.not_after - dt.datetime.now(dt.UTC)).days
    signs = identity.remote_key.program if isinstance(identity.remote_key, SignCommand) else None
    key_mode = f"{identity.key_path.stat().st_mode & 0o777:04o}" if identity.key_path else None
    stamping, mark_keys = identity.time_stamping, mark_key_fingerprints(deployment.folder)
    entry: JsonObject = {
        "path": str(deployment.folder),
        "subject": identity.subject,
        "fingerprint": identity.fingerprint,
        "algorithm": identity.algorithm,
        "not_after": identity.not_after.isoformat(),
        "days_left": days,
        "key_mode": key_mode,
        "sign_command": signs,
        "time_stamp": None if stamping is None else {"url": stamping.url, "required": stamping.required},
        "mark_keys": list(mark_keys),
    }
    stamped = "none" if stamping is None else f"{stamping.url}{', required' if stamping.required else ''}"
    kept = f"elsewhere; {signs} signs with it" if signs else f"{identity.key_path}, mode {key_mode}"
    earlier = f"; earlier, still read: {', '.join(mark_keys[1:])}" if mark_keys[1:] else ""
    text = (
        f"{deployment.folder}\n"
        f"  signs as     {identity.subject}\n"
        f"  fingerprint  {identity.fingerprint}\n"
        f"  valid until  {identity.not_after:%Y-%m-%d}{_expiry(days)}\n"
        f"  private key  {kept}\n"
        f"  time stamps  {stamped}\n"
        f"  marks with   key {mark_keys[0]}{earlier}\n"
        f"  root         {deployment.folder / 'identity' / 'root.pem'}, for those who should trust your signature"
    )
    return CommandResult(text, (entry,))


def _expiry(days: int) -> str:
    """Return how long a certificate is valid, where its owner should act."""
    if days < 0:
        return ", expired; run `facetrail identity renew`"
    return f", in {days} days; run `facetrail identity renew`" if days < SOON_DAYS else f", in {days} days"
