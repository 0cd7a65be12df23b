"""`facetrail read`: read a file's mark and credential, without a detector."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..answers import Answer
from ..arguments import add_files, add_home, add_json, add_trust, add_verbose
from ..batch import answer_each, expand
from ..progress import Report

if TYPE_CHECKING:
    from watermark import Provenance


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
        "--online", action="store_true", help="fetch a manifest that a file only points to (default: never)"
    )
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Read every file; one that cannot be read does not stop the others."""
    from watermark import Deployment, TrustPolicy, read_provenance

    from ..entries import read_entry
    from ..trust import read_anchors

    deployment = Deployment.open(options.home)
    anchors = (*deployment.trust.anchors, *read_anchors(options.trust))
    policy = TrustPolicy(anchors, read_anchors(options.signer), offline=not options.online)

    def one(path: Path) -> Answer:
        provenance = read_provenance(path, deployment, policy=policy)
        return Answer(describe(provenance), (read_entry(provenance),))

    return answer_each(expand(options.files), one, "reading", report)


def describe(provenance: Provenance) -> str:
    """Put mark and credential into a block of lines."""
    mark, credential = provenance.mark, provenance.credential
    if mark is None:
        marked = "could not be looked for"
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
    if credential.signer:
        lines.append(f"  signer      {credential.signer}")
    if credential.signed_at:
        lines.append(f"  stamped     {credential.signed_at}")
    if credential.source_type:
        lines.append(f"  source      {credential.source_type}")
    if credential.actions:
        lines.append(f"  actions     {', '.join(credential.actions)}")
    if credential.codes:
        lines.append(f"  faults      {', '.join(credential.codes)}")
    if credential.ingredient_codes:
        lines.append(f"  ingredients {', '.join(credential.ingredient_codes)}")
    return "\n".join(lines)
