"""Run `facetrail trust`: add, show, remove and renew the trust lists of an installation."""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_home, add_json, add_verbose
from forensics.execution.command_result import CommandResult, JsonObject, visible
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from watermark import TrustList


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, run, text in (
        ("add", run_add, "trust the authorities of a file, for one purpose"),
        ("list", run_list, "show the trust lists"),
        ("remove", run_remove, "trust a list no longer"),
        ("update", run_update, "fetch lists anew from the addresses that were given for them; this uses the network"),
    ):
        action = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == "add":
            _add_list(action)
        if name == "remove":
            action.add_argument("name", metavar="NAME", help="name of the list")
        if name == "update":
            action.add_argument(
                "names", nargs="*", metavar="NAME", help="lists to update (default: all with an address)"
            )
        add_home(action)
        add_json(action)
        add_verbose(action)
        action.set_defaults(run=run)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="certificates of authorities, PEM")
    parser.add_argument(
        "--purpose",
        required=True,
        choices=("claim-signing", "time-stamping", "identity"),
        help="what the authorities may vouch for: who signed a file, when, or who a CAWG identity is",
    )
    parser.add_argument("--name", metavar="NAME", help="name of the list (default: the file's, without its suffix)")
    parser.add_argument(
        "--url", metavar="URL", help="https address that `facetrail trust update` fetches the list from"
    )
    parser.add_argument("--force", action="store_true", help="replace a list of the same name")


def run_add(options: argparse.Namespace, report: Report) -> CommandResult:
    """Store a list from a file."""
    from forensics.cli.list_fetching import check_address
    from forensics.cli.trust_anchors import read_pem
    from forensics.errors import InputError
    from watermark import Purpose, TrustList, read_trust_lists, write_trust_list

    folder = _folder(options.home)
    if options.url is not None:
        check_address(options.url)
    name = options.name or options.file.stem
    if not options.force and name in [one.name for one in read_trust_lists(folder)]:
        raise InputError(f"{name}: is a trust list already; choose another --name, or replace it with --force")
    added = TrustList(name, Purpose(options.purpose), read_pem(options.file), options.url, _now())
    write_trust_list(folder, added)
    return _result([added])


def run_list(options: argparse.Namespace, report: Report) -> CommandResult:
    """Show the lists; none is made where there is none."""
    from watermark import read_trust_lists

    lists = read_trust_lists(_folder(options.home))
    return (
        _result(list(lists)) if lists else CommandResult("no trust list; add one with `facetrail trust add FILE`", ())
    )


def run_remove(options: argparse.Namespace, report: Report) -> CommandResult:
    """Remove a list."""
    from watermark import remove_trust_list

    remove_trust_list(_folder(options.home), options.name)
    return CommandResult(f"{visible(options.name)} is trusted no longer", ({"name": options.name, "removed": True},))


def run_update(options: argparse.Namespace, report: Report) -> CommandResult:
    """Fetch lists; one that cannot be fetched or used stays as it was."""
    from forensics.cli.list_fetching import fetch_list
    from forensics.errors import InputError
    from watermark import check_trust_list, read_trust_lists, write_trust_list

    folder = _folder(options.home)
    lists = {one.name: one for one in read_trust_lists(folder)}
    for name in options.names:
        if name not in lists or lists[name].url is None:
            what = "is no trust list" if name not in lists else "has no address; add it again with --url"
            raise InputError(f"{name}: {what}")
    chosen = [lists[name] for name in options.names] or [one for one in lists.values() if one.url]
    if not chosen:
        raise InputError("no trust list has an address to be fetched from; add one with `facetrail trust add --url`")
    fetched: list[tuple[TrustList, TrustList]] = []
    for number, earlier in enumerate(chosen):
        report(number / len(chosen), f"fetching {earlier.name}")
        later = replace(earlier, pem=fetch_list(str(earlier.url)), updated=_now())
        check_trust_list(later)
        fetched.append((earlier, later))
    for _, later in fetched:
        write_trust_list(folder, later)
    return _updated(fetched)


def _updated(fetched: list[tuple[TrustList, TrustList]]) -> CommandResult:
    """Return what changed, certificate by certificate: whoever trusts a list should see whom it has taken in."""
    blocks: list[str] = []
    entries: list[JsonObject] = []
    for earlier, later in fetched:
        before, after = set(earlier.certificates), set(later.certificates)
        added, removed = (
            sorted(one.subject.rfc4514_string() for one in ones) for ones in (after - before, before - after)
        )
        changes = [f"  added       {name}" for name in added] + [f"  removed     {name}" for name in removed]
        blocks.append("\n".join(map(visible, [*_lines(later), *(changes or ["  unchanged"])])))
        entries.append({**_entry(later), "added": list(added), "removed": list(removed)})
    return CommandResult("\n\n".join(blocks), tuple(entries))


def _folder(home: Path | None) -> Path:
    """Return where the lists lie."""
    from forensics.errors import MissingPieceError
    from watermark import TRUST_FOLDER, home_folder

    folder = home_folder(home)
    if not (folder / "identity").exists():
        raise MissingPieceError(f"{folder} holds no identity yet; make one with `facetrail identity new`", folder)
    return folder / TRUST_FOLDER


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _result(lists: list[TrustList]) -> CommandResult:
    text = "\n\n".join("\n".join(map(visible, _lines(one))) for one in lists)
    return CommandResult(text, tuple(_entry(one) for one in lists))


def _lines(trust_list: TrustList) -> list[str]:
    return [
        trust_list.name,
        f"  purpose     {trust_list.purpose}",
        f"  authorities {len(trust_list.certificates)}",
        f"  taken over  {trust_list.updated}",
        f"  address     {trust_list.url or 'none'}",
    ]


def _entry(trust_list: TrustList) -> JsonObject:
    return {
        "name": trust_list.name,
        "purpose": trust_list.purpose.value,
        "updated": trust_list.updated,
        "url": trust_list.url,
        "certificates": [
            {"subject": one.subject.rfc4514_string(), "fingerprint": fingerprint}
            for one, fingerprint in zip(trust_list.certificates, trust_list.fingerprints, strict=True)
        ],
    }
