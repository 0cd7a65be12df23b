"""Run `facetrail app`: animate, examine and evaluate in the browser, on this computer."""

from __future__ import annotations

import argparse
import re
import secrets
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import DEFAULT_DETECTOR, add_home, add_limits, add_trust, add_verbose
from forensics.cli.face_finder_option import add_face_finder
from forensics.errors import InputError, MissingPieceError, UsageError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report
from forensics.web.request_guard import LOOPBACK, allowed_hosts

if TYPE_CHECKING:
    from forensics.web.app.context import AppContext
    from forensics.web.app.sessions import Sessions

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--port", type=int, default=8720, metavar="N", help="port to listen at (default: 8720)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--corpora",
        nargs="+",
        type=Path,
        default=[],
        metavar="DIR",
        help="corpora, or folders of corpora, that the Evaluate tab offers; nothing else can be read from there",
    )
    parser.add_argument(
        "--detector",
        nargs="+",
        default=None,
        metavar="NAME_OR_DIR",
        help="shipped detectors, or folders of trained ones; the first one scores on the Examine tab, and the Evaluate "
        f"tab offers all (default: chosen by each picture on the Examine tab, {DEFAULT_DETECTOR} on the Evaluate tab)",
    )
    add_face_finder(parser)
    parser.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="where evaluations are kept (default: evaluations in the folder of --home)",
    )
    parser.add_argument(
        "--max-upload",
        type=_size,
        default=200 * 10**6,
        metavar="SIZE",
        help="largest upload, such as 200MB (default: 200MB)",
    )
    _declare_network(parser.add_argument_group("network"))
    add_limits(parser)
    add_trust(parser)
    add_home(parser)
    add_verbose(parser)
    parser.epilog = (
        "Uploads and results are deleted when the page is closed; evaluations stay. Nothing is sent anywhere. "
        "Stop with Ctrl-C."
    )
    parser.set_defaults(run=run)


def _declare_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--host", default="127.0.0.1", metavar="NAME", help="address to listen at (default: 127.0.0.1, this computer)"
    )
    group.add_argument(
        "--allow-network",
        action="store_true",
        help="needed for any other address: the page then asks for a token, which is printed; it has no encryption",
    )
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="name that browsers call the page by, besides its address; may be given several times",
    )


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,12})\s*([KMG]?I?B?)", text.upper().strip())
    if found is None or found[2] not in _UNITS or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text} is no size; write it like 200MB or 1GiB")
    return int(found[1]) * _UNITS[found[2]]


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Serve the page until stopped from the keyboard."""
    local = options.host in LOOPBACK
    if not local and not options.allow_network:
        raise UsageError(
            f"--host {options.host} lets other computers reach the page; add --allow-network if that is meant"
        )
    _check_port(options.host, options.port)
    report(0.0, "loading the page")
    try:
        from forensics.web.app import guard, server
        from forensics.web.app import sessions as sessions
    except ImportError as error:
        raise _missing(error) from error
    token = None if local else secrets.token_urlsafe(24)
    kept = sessions.Sessions()
    names = allowed_hosts(options.host, options.name)
    config = guard.GuardConfig(names, options.max_upload, token, kept.uploads)
    with ExitStack() as ends:
        ends.callback(kept.close)
        context = _open_context(options, kept)
        ends.callback(context.close)
        try:
            app = server.build_app(context, config)
        except ImportError as error:
            raise _missing(error) from error
        address = _address(options.host, options.port, token)
        if not local:
            sys.stderr.write(
                "warning: other computers can reach this page; whoever has the address below can sign with this "
                "installation's identity, and the connection is not encrypted\n"
            )
        sys.stderr.write(f"the page is at {address} ; stop with Ctrl-C\n")
        sys.stderr.flush()
        level = "info" if options.verbose else "error"
        opened = address if options.open else None
        server.serve(app, kept, options.host, options.port, opened=opened, log_level=level)
    return CommandResult("")


def _open_context(options: argparse.Namespace, kept: Sessions) -> AppContext:
    from forensics.cli.trust_anchors import read_anchors
    from forensics.execution.sandbox import Limits
    from forensics.web.app.context import AppContext
    from forensics.web.app.evaluate_action import corpora_under
    from forensics.web.app.examine_action import card_examiner
    from watermark import Deployment, home_folder

    offered: list[str] = options.detector or [DEFAULT_DETECTOR]
    return AppContext(
        deployment=Deployment.open(options.home),
        sessions=kept,
        detector=options.detector[0] if options.detector else None,
        prepare=card_examiner,
        results=(options.results or home_folder(options.home) / "evaluations").absolute(),
        anchors=read_anchors(options.trust),
        face_finder=options.face_finder,
        limits=Limits(options.seconds, options.memory, options.verbose),
        corpora=corpora_under(options.corpora),
        detectors={(Path(name).name if Path(name).is_dir() else name): name for name in offered},
    )


def _missing(error: ImportError) -> MissingPieceError:
    return MissingPieceError(f"the page needs the package {error.name}; get it with `pip install 'facetrail[app]'`")


def _address(host: str, port: int, token: str | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def _check_port(host: str, port: int) -> None:
    """Check that the port is free, before anything slow begins."""
    if not 0 < port < 65536:
        raise UsageError(f"--port {port} is none; choose one from 1 to 65535")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened at ({error.strerror}); choose another one with --port"
        ) from error
