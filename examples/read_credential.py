"""Read the signed credential and the mark of files, and print what they say and what follows from it.

Marks can be read only with the key that made them: the deployment in the folder that FACETRAIL_HOME names. Credentials
of other signers are checked too; they count as unknown signers unless their root certificate is in `anchors.pem` there.

    python examples/read_credential.py FILE...
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from watermark import Deployment, Outcome, Provenance, WatermarkError, read_provenance

MEANING = {
    Outcome.TRUSTED: "a signer you trust signed these bytes, and they are unchanged since",
    Outcome.VALID_UNKNOWN_SIGNER: "the bytes are unchanged since they were signed, by somebody you do not know",
    Outcome.ALTERED: "the file was changed after it was signed",
    Outcome.RECOVERED_BY_MARK: "the mark leads to a picture sealed here; what was changed since is not known",
    Outcome.MARK_ONLY: "the pattern of your key is in the pixels; it may have been copied there",
    Outcome.ABSENT: "there is neither credential nor mark, which proves nothing",
}


def describe(found: Provenance) -> str:
    """Write what was read as lines of text."""
    credential, mark = found.credential, found.mark
    lines = [f"{found.path}: {found.outcome}", f"  means       {MEANING[found.outcome]}"]
    lines.append(f"  signer      {credential.signer or 'none'}")
    lines.append(f"  actions     {', '.join(credential.actions) or 'none'}")
    lines.append(f"  source      {credential.source_type or 'not stated'}")
    lines += [f"  failed      {code}" for code in credential.codes]
    if mark is not None and mark.present:
        lines.append(f"  mark        {mark.id or 'unreadable id'}, {mark.kind or 'unknown kind'}, p {mark.p_value:.1e}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> list[Provenance]:
    """Read and print."""
    deployment, found = Deployment.open(), []
    for name in sys.argv[1:] if arguments is None else arguments:
        try:
            found.append(read_provenance(Path(name), deployment))
        except WatermarkError as error:  # missing, damaged, or of a kind that is not read
            print(error, file=sys.stderr)
            continue
        print(describe(found[-1]))
    return found


if __name__ == "__main__":
    main()
