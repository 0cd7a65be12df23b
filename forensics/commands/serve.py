"""`facetrail serve`: the Soft Binding Resolution API over this deployment's manifests."""

from __future__ import annotations

import argparse
import sys

from ..answers import Answer
from ..arguments import add_home, add_verbose, positive_int
from ..errors import MissingPieceError
from ..progress import Report

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
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
    add_home(parser)
    add_verbose(parser)
    parser.epilog = (
        "Whoever reaches the service can read the manifests in the store: titles, software, names of ingredients. "
        "It has no accounts and no encryption; put a proxy that has them before it where it leaves this computer."
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Serve until stopped from the keyboard."""
    from watermark import Deployment

    try:
        import uvicorn

        from watermark.resolution_service import resolution_app
    except ImportError as error:
        raise MissingPieceError(
            f"the service needs the package {error.name}; get it with `pip install 'facetrail[serve]'`"
        ) from error
    deployment = Deployment.open(options.home)
    hosts = [*dict.fromkeys([options.host, *_LOOPBACK, *options.name])]
    app = resolution_app(deployment, hosts=hosts, most_bytes=options.max_upload << 20)
    sys.stderr.write(f"serving {deployment.store.path} at http://{options.host}:{options.port}; stop with Ctrl-C\n")
    level = "info" if options.verbose else "warning"
    uvicorn.run(app, host=options.host, port=options.port, log_level=level, server_header=False, limit_concurrency=64)
    return Answer("")
