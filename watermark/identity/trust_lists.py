"""Keep trust lists in a deployment's folder: one file a list, which only the owner may change.

Whatever is damaged, or could have been changed by another user, stops reading: a list that is passed over in silence
would make the answer depend on an accident.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

from watermark.errors import IdentityError
from watermark.media.files import flush, whole_file

from .certificates import is_authority
from .private_files import check_unwritable, make_folder
from .trust import Purpose, TrustList

TRUST_FOLDER = "trust"
"""Name of the folder of trust lists within a deployment's folder."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KEYS = {"name", "purpose", "pem", "url", "updated"}


def read_trust_lists(folder: Path) -> tuple[TrustList, ...]:
    """Return the trust lists of a folder, sorted by name; none where there is no folder.

    Args:
        folder: The folder of the lists.

    Raises:
        IdentityError: A file is damaged, or others may change it.
    """
    _check_place(folder)
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def write_trust_list(folder: Path, trust_list: TrustList) -> None:
    """Store a list, in place of an earlier one of its name, complete or not at all.

    Args:
        folder: The folder of the lists, made where there is none.
        trust_list: The list.

    Raises:
        IdentityError: Its name cannot name a file, it holds no authority, or it cannot be written.
    """
    check_trust_list(trust_list)
    path = _place(folder, trust_list.name)
    try:
        make_folder(folder)
        _check_place(folder)
        with whole_file(path) as fresh:
            fresh.write_text(json.dumps(asdict(trust_list), indent=1) + "\n", "utf-8")
            fresh.chmod(0o644)  # whatever the umask: others must not choose whom to trust
            flush(fresh)
        flush(folder)
    except OSError as error:
        raise IdentityError(f"{path}: cannot be written ({error.strerror}); check its permissions") from error


def remove_trust_list(folder: Path, name: str) -> None:
    """Remove a list.

    Args:
        folder: The folder of the lists.
        name: Name of the list.

    Raises:
        IdentityError: There is no list of this name, or it cannot be removed.
    """
    path = _place(folder, name)
    _check_place(folder)
    try:
        path.unlink()
    except FileNotFoundError as error:
        raise IdentityError(f"{name}: is no trust list in {folder}; `facetrail trust list` shows them") from error
    except OSError as error:
        raise IdentityError(f"{path}: cannot be removed ({error.strerror}); check its permissions") from error


def check_trust_list(trust_list: TrustList) -> None:
    """Check that a list can vouch for anybody.

    Raises:
        IdentityError: Its name cannot name a file, or it holds no certificate of an authority.
    """
    _place(Path(), trust_list.name)
    if not any(is_authority(one) for one in trust_list.certificates):
        raise IdentityError(
            f"the trust list {trust_list.name}: holds no certificate of an authority; give the certificates that "
            "issue those of signers, not the signers' own"
        )


def _place(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise IdentityError(
            f"{name!r}: cannot name a trust list; use up to 64 letters, digits, hyphens and underscores"
        )
    return folder / f"{name}.json"


def _check_place(folder: Path) -> None:
    """Refuse a folder, or a deployment's folder around it, that another user may change."""
    for path in (folder.parent, folder):
        if path.exists():
            check_unwritable(path)


def _read(path: Path) -> TrustList:
    check_unwritable(path)
    try:
        stated = json.loads(path.read_text("utf-8"))
        if not isinstance(stated, dict) or set(stated) != _KEYS:
            raise ValueError(f"expected the keys {', '.join(sorted(_KEYS))}")
        texts = [value for key, value in stated.items() if not (key == "url" and value is None)]
        if not all(isinstance(value, str) for value in texts) or stated["name"] != path.stem:
            raise ValueError("its entries are no texts, or it states another name than its file")
        trust_list = TrustList(**{**stated, "purpose": Purpose(stated["purpose"])})
        check_trust_list(trust_list)
    except (OSError, ValueError, RecursionError, IdentityError) as error:
        raise IdentityError(
            f"{path}: is no usable trust list ({error}); remove it with `facetrail trust remove`, and add it again"
        ) from error
    return trust_list
