"""Run `facetrail serve`: the Soft Binding Resolution API of this deployment and, optionally, `/examine`."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from forensics.cli.arguments import (
    add_detector,
    add_home,
    add_limits,
    add_trust,
    add_verbose,
    check_identity,
    positive_int,
)
from forensics.cli.face_finder_option import add_face_finder
from forensics.errors import MissingPieceError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report
from forensics.web.request_guard import allowed_hosts
from forensics.web.shutdown import ended_like_ctrl_c

_GRACE_SECONDS = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--examine", action="store_true", help="answer POST /examine too, as `facetrail examine --json` does"
    )
    parser.add_argument(
        "--sign",
        action="store_true",
        help="answer POST /seal and /sign too, in the name of this installation; needs --keys",
    )
    parser.add_argument(
        "--keys", type=Path, metavar="FILE", help="answer only who has a key of this file (default: everybody)"
    )
    parser.add_argument(
        "--new-key",
        nargs="+",
        metavar=("NAME", "RIGHT"),
        help="add a key for a client to the file of --keys, print it once, and end; rights: lookup, read, examine, "
        "sign, seal, metrics (default: all)",
    )
    parser.add_argument(
        "--rate", type=positive_int, default=120, metavar="N", help="requests a minute of each key (default: 120)"
    )
    parser.add_argument("--json-log", action="store_true", help="log each request as one JSON object on stderr")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="NAME", help="address to listen at (default: 127.0.0.1, this computer)"
    )
    parser.add_argument("--port", type=int, default=8710, metavar="N", help="port to listen at (default: 8710)")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="name that clients call the service by, besides its address; may be given several times",
    )
    parser.add_argument(
        "--max-upload", type=positive_int, default=64, metavar="MIB", help="largest file to look at (default: 64)"
    )
    parser.add_argument(
        "--processes",
        type=positive_int,
        default=1,
        metavar="N",
        help="processes that open files, for each kind of question (default: 1)",
    )
    parser.add_argument(
        "--waiting",
        type=positive_int,
        default=8,
        metavar="N",
        help="files that may wait to be examined; one more is turned away with 503 (default: 8)",
    )
    add_detector(parser, by_picture=True)
    add_face_finder(parser)
    add_trust(parser)
    add_limits(parser)
    add_home(parser)
    add_verbose(parser)
    parser.epilog = (
        "Whoever reaches the service can read the manifests in the store: titles, software, names of ingredients. "
        "It has no encryption, and without --keys it answers everybody; put a proxy that encrypts before it where it "
        "leaves this computer."
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Serve until stopped from the keyboard, or add a key."""
    try:
        import uvicorn

        from forensics.web.api.keys import read_keys
        from forensics.web.api.service import ServiceConfig, service
    except ImportError as error:
        raise MissingPieceError(
            f"the service needs the package {error.name}; get it with `pip install 'facetrail[serve]'`"
        ) from error
    if options.new_key:
        return _new_key(options)
    from forensics.cli.trust_anchors import read_anchors
    from forensics.errors import UsageError
    from forensics.execution.sandbox import Limits
    from watermark import Deployment

    from .examine import examiner

    options.require_identity = True  # a service speaks for somebody
    check_identity(options)
    deployment = Deployment.open(options.home)
    config = ServiceConfig(
        options.home,
        allowed_hosts(options.host, options.name),
        Limits(options.seconds, options.memory, options.verbose),
        options.max_upload << 20,
        options.processes,
        options.waiting,
        signing=options.sign,
        keys=None if options.keys is None else read_keys(options.keys),
        per_minute=options.rate,
        json_log=options.json_log,
        trust=read_anchors(options.trust),
    )
    if options.sign and options.keys is None:
        raise UsageError("whoever reaches the service could sign in your name; give it --keys")
    prepare = partial(examiner, options.home, options.detector, read_anchors(options.trust), None, options.face_finder)
    report(0.0, "starting the processes that open files")
    with service(deployment, config, prepare if options.examine else None) as app, ended_like_ctrl_c():
        sys.stderr.write(
            f"serving {deployment.store.place} at http://{options.host}:{options.port}; stop with Ctrl-C\n"
        )
        uvicorn.run(
            app,
            host=options.host,
            port=options.port,
            log_config=None,  # its records go where all others go
            log_level="info" if options.verbose else "warning",
            access_log=False,  # the application logs each request
            server_header=False,
            limit_concurrency=64,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    return CommandResult("")


def _new_key(options: argparse.Namespace) -> CommandResult:
    """Add a key to the file of keys."""
    from forensics.errors import UsageError
    from forensics.web.api.keys import RIGHTS, add_key

    if options.keys is None:
        raise UsageError("say with --keys which file the new key is added to")
    name, *rights = options.new_key
    key = add_key(options.keys, name, tuple(rights) or RIGHTS)
    return CommandResult(
        f"{key}\n  for {name}: Authorization: Bearer KEY; it is shown this once, and {options.keys} holds its hash only"
    )
