"""Declare arguments that several commands share, so that they are the same everywhere.

The import of this module must stay fast, because `--help` imports it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.errors import InputError, MissingPieceError, UsageError
from forensics.execution.sandbox import MEBIBYTES, SECONDS
from forensics.execution.workers import LOCAL, RAY, WorkerConfig

DEFAULT_DETECTOR = "cpu"
"""The detector whose weights are shipped."""


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Declare `-v`, which every command has."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log each stage of the work on stderr and show tracebacks; -vv logs the details as well",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", action="store_true", help="answer with one JSON document on stdout")


def add_home(parser: argparse.ArgumentParser) -> None:
    """Declare `--home`, the folder of the signing identity, the mark keys and the manifest store."""
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="folder of identity, mark key and manifests (default: $FACETRAIL_HOME, else the user's configuration)",
    )
    parser.add_argument(
        "--require-identity",
        action="store_true",
        help="refuse a folder that holds no identity, rather than make a local development identity there",
    )


def add_out(parser: argparse.ArgumentParser, what: str, *, default: Path | None = None) -> None:
    """Declare `-o`; required where there is no default.

    Args:
        parser: The parser of the command.
        what: The written object, for the help text.
        default: The default path.
    """
    suffix = "" if default is None else f" (default: {default})"
    parser.add_argument(
        "-o", "--out", type=Path, required=default is None, default=default, metavar="PATH", help=what + suffix
    )


def add_out_file(parser: argparse.ArgumentParser, what: str, *, force: str = "") -> None:
    """Declare `-o` for one file, which replaces no other unless `--force` is given; see `check_output`.

    Args:
        parser: Where to declare it.
        what: What is written there, for the help text.
        force: What else `--force` allows, for the help text.
    """
    add_out(parser, what)
    parser.add_argument("--force", action="store_true", help="replace a file that is there already" + force)


def check_output(options: argparse.Namespace) -> None:
    """Refuse to replace a file that is there, where the command declared `add_out_file`.

    Commands with a receipt look for themselves, because a file that the receipt records is passed over.

    Raises:
        InputError: A file is there and `--force` is not given.
    """
    out: Path | None = getattr(options, "out", None)
    if out is not None and hasattr(options, "force") and not hasattr(options, "receipt"):
        refuse_existing(out, force=options.force)


def refuse_existing(out: Path, *, force: bool) -> None:
    """Refuse to replace a file that is there.

    Raises:
        InputError: A file is there and `force` is not given.
    """
    if not force and out.is_file():
        raise InputError(f"{out}: is there already; choose another name, or replace it with --force", out)


def check_identity(options: argparse.Namespace) -> None:
    """Refuse a folder without an identity, where `--require-identity` is given.

    Raises:
        MissingPieceError: The folder holds none.
    """
    if not getattr(options, "require_identity", False):
        return
    from watermark import home_folder

    folder = home_folder(options.home)
    if not (folder / "identity").exists():
        raise MissingPieceError(f"{folder}: holds no identity; make one with `facetrail identity new`", folder)


def add_seed(parser: argparse.ArgumentParser, default: int = 0) -> None:
    """Declare `--seed`."""
    parser.add_argument("--seed", type=_seed, default=default, metavar="N", help=f"random seed (default: {default})")


def add_aggregation(parser: argparse.ArgumentParser) -> None:
    """Declare `--aggregation`; the name is checked where scores are read."""
    parser.add_argument(
        "--aggregation",
        default="mean",
        metavar="NAME",
        help="a video's score from its frames': mean (default), logit_mean, max, top or confident",
    )


def add_workers(parser: argparse.ArgumentParser, *, default: str, gpus: bool = False) -> None:
    """Declare the arguments of the worker pool.

    Args:
        parser: The parser of the command.
        default: The behaviour without `--workers`, in words.
        gpus: Whether the work can use GPUs.
    """
    parser.add_argument(
        "--workers",
        type=positive_int,
        metavar="N",
        help=f"processes, one thread each; what comes out does not depend on their number (default: {default})",
    )
    parser.add_argument(
        "--engine",
        choices=(LOCAL, RAY),
        default=LOCAL,
        help="local: on this machine (default); ray: on a Ray cluster, which needs the extra `ray`",
    )
    parser.add_argument(
        "--address", metavar="HOST:PORT", help="Ray cluster to join, or auto (default: start one on this machine)"
    )
    parser.set_defaults(gpus=0.0)
    if gpus:
        parser.add_argument("--gpus", type=_share, metavar="X", help="graphics cards of each Ray worker, as 1 or 0.5")


def worker_config_of(options: argparse.Namespace, *, default: int | None = 1) -> WorkerConfig:
    """Return the configuration of the worker pool from the arguments.

    Args:
        options: Arguments that `add_workers` declared.
        default: Number of local workers where none was requested; None uses one for each core.

    Raises:
        UsageError: An option of Ray is used with the local engine.
    """
    if options.engine == LOCAL and (options.address or options.gpus):
        raise UsageError("--address and --gpus belong to --engine ray; add it, or leave them out")
    workers = default if options.workers is None and options.engine == LOCAL else options.workers
    return WorkerConfig(options.engine, workers, options.address, options.gpus)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Declare the limits of one file."""
    parser.add_argument(
        "--seconds",
        type=positive_int,
        default=SECONDS,
        metavar="N",
        help=f"longest time one file may take (default: {SECONDS})",
    )
    parser.add_argument(
        "--memory",
        type=positive_int,
        default=MEBIBYTES,
        metavar="MIB",
        help=f"most memory one file may take, beyond the program's own (default: {MEBIBYTES})",
    )


def names(text: str) -> tuple[str, ...]:
    """Parse names between commas, for `type=`."""
    return tuple(name.strip() for name in text.split(","))


def positive_int(text: str) -> int:
    """Parse an integer above zero, for `type=`."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return number


def non_negative_int(text: str) -> int:
    """Parse an integer from zero, for `type=`."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number < 64:
        raise argparse.ArgumentTypeError(f"{text} is not a number of graphics cards from 0 to 63")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**32 - 1}")
    return number


OWN_DETECTORS = "your own: FILE.py, MODULE:FUNCTION, FILE.onnx or http://ADDRESS"
"""What else `--detector` takes, for help."""


def add_detector(parser: argparse.ArgumentParser, *, by_picture: bool = False) -> None:
    """Declare `--detector`.

    Args:
        parser: The parser of the command.
        by_picture: Whether the detector is chosen by each picture where none is named.
    """
    default = "by each picture: photo for photographs, cpu for avatars" if by_picture else DEFAULT_DETECTOR
    parser.add_argument(
        "--detector",
        default=None if by_picture else DEFAULT_DETECTOR,
        metavar="NAME_OR_DIR",
        help=f"a detector with shipped weights, the folder of a trained one, or {OWN_DETECTORS} (default: {default})",
    )


def add_files(parser: argparse.ArgumentParser, *, stdin: bool = False) -> None:
    """Declare the files to process.

    Args:
        parser: The parser of the command.
        stdin: Whether `-` stands for a list on standard input.
    """
    what = (
        "picture, clip, folder or pattern (PNG, JPEG, WebP, AVIF, TIFF, MP4, MOV, MKV; the credential alone of GIF, "
        "HEIC, JPEG XL, DNG, SVG, PDF, AVI, WAV, MP3, M4A, FLAC and .c2pa)"
    )
    more = "; - reads a list from standard input, one a line" if stdin else ""
    parser.add_argument("files", nargs="+", metavar="FILE", help=what + more)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Declare `--trust`."""
    parser.add_argument(
        "--trust",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="root certificates whose signers are trusted, one or several in the file; may be given several times",
    )
