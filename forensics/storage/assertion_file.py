"""Read an owner's own manifest assertions from a JSON file, as the C2PA tools write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import InputError

if TYPE_CHECKING:
    from watermark import OwnAssertion

_EXPECTED = 'expected {"assertions": [{"label": "cawg.metadata", "data": {…}}, …]}'


def read_assertions(path: Path | None) -> tuple[OwnAssertion, ...]:
    """Return the assertions of a file.

    Args:
        path: JSON file; None for none.

    Raises:
        InputError: The file cannot be read, or has another form.
    """
    from watermark import OwnAssertion

    if path is None:
        return ()
    try:
        stated = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error}); {_EXPECTED}", path) from error
    if not isinstance(stated, dict) or set(stated) != {"assertions"} or not isinstance(stated["assertions"], list):
        raise InputError(f"{path}: has another form; {_EXPECTED}", path)
    for one in stated["assertions"]:
        fits = isinstance(one, dict) and set(one) == {"label", "data"} and isinstance(one["data"], dict)
        if not fits or not isinstance(one["label"], str) or not one["label"].strip():
            raise InputError(f"{path}: has an assertion of another form; {_EXPECTED}", path)
    return tuple(OwnAssertion(one["label"], one["data"]) for one in stated["assertions"])
