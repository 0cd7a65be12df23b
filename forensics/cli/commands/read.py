"""Run `facetrail read`: read a file's mark and credential, without a detector."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_files, add_home, add_json, add_limits, add_trust, add_verbose
from forensics.cli.input_files import answer_each, expand
from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult, JsonObject, visible
from forensics.execution.progress import Report, silent

if TYPE_CHECKING:
    from forensics.execution.sandbox import FileHandler
    from watermark import Credential, Provenance


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_files(parser)
    add_trust(parser)
    parser.add_argument(
        "--signer",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="trust only this signing certificate under the trusted roots; may be given several times",
    )
    parser.add_argument(
        "--trust-identity",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="root certificates under which CAWG identities are known; they make no signer known",
    )
    parser.add_argument(
        "--online", action="store_true", help="fetch a manifest that a file only points to (default: never)"
    )
    parser.add_argument(
        "--sidecar", type=Path, metavar="C2PA", help="read the credential of the one file from this file beside it"
    )
    parser.add_argument(
        "--detailed",
        action="store_true",
        help="print every manifest too: assertions, ingredients, certificates with their fingerprints",
    )
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="look for marks in pictures turned by up to 45 degrees or sheared too; takes several times as long",
    )
    add_limits(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = (
        "Exit code 3 says that at least one file was altered after it was signed or that its credential is broken, "
        "1 that a file could not be read."
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Read every file; a file that cannot be read does not stop the others."""
    from forensics.cli.trust_anchors import read_anchors
    from forensics.execution.sandbox import Limits, confined

    paths = expand(options.files)
    if options.sidecar is not None and len(paths) != 1:
        raise UsageError(f"--sidecar belongs to one file, and {len(paths)} are given; read them one by one")
    limits = Limits(options.seconds, options.memory, options.verbose)
    prepare = partial(
        reader,
        options.home,
        read_anchors(options.trust),
        read_anchors(options.signer),
        identity_roots=read_anchors(options.trust_identity),
        offline=not options.online,
        sidecar=options.sidecar,
        search=2 if options.thorough else 1,
        detailed=options.detailed,
    )
    with confined(prepare, limits) as handler:
        return answer_each(paths, lambda path: handler(path, silent), "reading", report)


def reader(
    home: Path | None,
    trust: tuple[str, ...],
    signers: tuple[str, ...],
    *,
    offline: bool,
    identity_roots: tuple[str, ...] = (),
    sidecar: Path | None = None,
    search: int = 1,
    detailed: bool = False,
) -> FileHandler:
    """Open the deployment and return the handler that reads one file.

    Args:
        home: The deployment's folder; None for the user's own.
        trust: Root certificates (PEM) whose signers are trusted in addition to the deployment's.
        signers: The only signers (PEM) that are trusted, where any are given.
        offline: Whether to download nothing.
        identity_roots: Root certificates (PEM) under which CAWG identities are known.
        search: Extent of the search for the mark, as for `read_mark`.
        sidecar: File that holds the credential; None where the file itself does.
        detailed: Whether the text lists every manifest.
    """
    from forensics.reporting import manifest_entries, manifest_text, read_entry
    from watermark import Deployment, Outcome, read_provenance

    deployment = Deployment.open(home)
    policy = replace(
        deployment.trust,
        anchors=(*deployment.trust.anchors, *trust),
        allowed_signers=signers,
        offline=offline,
        identity_roots=identity_roots,
    )

    def one(path: Path, report: Report) -> CommandResult:
        provenance = read_provenance(path, deployment, policy=policy, sidecar=sidecar, search=search)
        altered = provenance.outcome is Outcome.ALTERED
        text = describe(provenance)
        if detailed and (manifests := manifest_text(provenance.credential)):
            text += f"\n{manifests}"
        entry: JsonObject = {**read_entry(provenance), "manifests": [*manifest_entries(provenance.credential)]}
        return CommandResult(text, (entry,), attention=altered)

    return one


def describe(provenance: Provenance) -> str:
    """Return mark and credential as lines of text."""
    mark, credential = provenance.mark, provenance.credential
    if mark is None:
        reason = f": {provenance.mark_not_looked_for}" if provenance.mark_not_looked_for else ""
        marked = f"could not be looked for{reason}"
    elif not mark.present:
        marked = "none"
    else:
        owner = (
            "made here"
            if mark.ours
            else "recorded here for another look"
            if credential.recovered
            else "not in this store"
        )
        marked = f"{mark.id or 'unreadable'}, {mark.kind or 'unknown kind'}, {owner} (z {mark.z:.1f})"
    lines = [str(provenance.path), f"  mark        {marked}", f"  credential  {credential.state.replace('_', ' ')}"]
    lines += _signer_lines(credential)
    told = (
        ("stamped", credential.signed_at),
        ("source", credential.source_type),
        ("actions", ", ".join(credential.actions)),
        ("faults", ", ".join(credential.codes)),
        ("ingredients", ", ".join(credential.ingredient_codes)),
    )
    lines += [f"  {name:<11} {text}" for name, text in told if text]
    return "\n".join(map(visible, lines))


def _signer_lines(credential: Credential) -> list[str]:
    """Return who signed, by which certificate, who vouches for it, and the CAWG identities beside."""
    told = (("signer", credential.signer), ("fingerprint", credential.fingerprint), ("known by", credential.vouched_by))
    lines = [f"  {name:<11} {text}" for name, text in told if text]
    for identity in credential.identities:
        faults = f" ({', '.join(identity.codes)})" if identity.codes else ""
        lines.append(f"  identity    {identity.name or 'unnamed'}, {identity.state.replace('_', ' ')}{faults}")
    return lines
