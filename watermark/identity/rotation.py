"""Exchange the whole chain of an identity for another one; what the earlier chain signed stays trusted here.

The exchange of `chain.pem` is the moment at which the new chain counts. Everything that the new chain needs is written
before it, and everything that only the earlier one needed is removed after it, so that a process that ends in between
leaves an identity that can be loaded and rotated again.
"""

from __future__ import annotations

import logging
from pathlib import Path

from watermark.errors import IdentityError

from .certificates import issue_chain, pem, read_pem
from .identity import Identity, checked_chain, checked_key
from .identity_files import (
    CHAIN,
    FORMER_ROOTS,
    ISSUING_KEY,
    ROOT,
    SIGN_COMMAND,
    alone,
    append_whole,
    key_name,
    private_pem,
    replace_whole,
    write_private_whole,
)
from .sign_command import SignCommand

_LOG = logging.getLogger(__name__)


def rotate_identity(folder: Path, name: str | None = None) -> Identity:
    """Give an identity a new local chain, root included, for instance because its key may be known to others.

    Args:
        folder: Where the identity lies.
        name: Name of the signer, as for `issue_chain`.

    Raises:
        IdentityError: There is no identity, it cannot be written, or the name cannot stand in a certificate.
    """
    chain = issue_chain(name)
    key = private_pem(chain.leaf_key)
    return _exchanged(
        folder, pem(chain.leaf, chain.issuing), pem(chain.root), key, issuing_key=private_pem(chain.issuing_key)
    )


def bring_into(folder: Path, chain_pem: str, root_pem: str, signing: bytes | SignCommand) -> Identity:
    """Give an identity a chain that another authority issued.

    Args:
        folder: Where the identity lies.
        chain_pem: The leaf first, then its issuers.
        root_pem: The root of the chain, or a bundle with it.
        signing: The leaf's private key (PEM without a password), or the program that signs with it.

    Raises:
        IdentityError: The chain is broken or may not sign claims, the key is not the leaf's, the program signs with
            another key, there is no identity, or it cannot be written.
    """
    chain, root = checked_chain(chain_pem, root_pem)
    if isinstance(signing, bytes):
        return _exchanged(folder, pem(*chain), pem(root), private_pem(checked_key(signing, chain[0])))
    Identity.remote(chain_pem, root_pem, signing).remote_signature(b"facetrail")
    return _exchanged(folder, pem(*chain), pem(root), signing)


def _exchanged(
    folder: Path,
    chain_pem: str,
    root_pem: str,
    signing: bytes | SignCommand,
    issuing_key: bytes | None = None,
) -> Identity:
    """Write a chain over that of an identity."""
    with alone(folder):
        earlier = Identity.load(folder)
        leaf = read_pem(chain_pem, "the chain")[0]
        try:
            append_whole(folder / FORMER_ROOTS, "".join(_not_yet(earlier)))
            replace_whole(folder / ROOT, root_pem)
            if isinstance(signing, bytes):
                write_private_whole(folder / key_name(leaf), signing)
            else:
                write_private_whole(folder / SIGN_COMMAND, signing.dump())
            replace_whole(folder / CHAIN, chain_pem)
            if isinstance(signing, bytes):
                (folder / SIGN_COMMAND).unlink(missing_ok=True)
            (folder / ISSUING_KEY).unlink(missing_ok=True)
            if issuing_key is not None:
                write_private_whole(folder / ISSUING_KEY, issuing_key)
            for key_file in folder.glob("leaf_key*.pem"):
                if not isinstance(signing, bytes) or key_file.name != key_name(leaf):
                    key_file.unlink(missing_ok=True)
        except OSError as error:
            raise IdentityError(f"{folder}: cannot be rotated ({error.strerror}); check its permissions") from error
        identity = Identity.load(folder)
    _LOG.info("rotated %s from %s to %s", folder, earlier.fingerprint, identity.fingerprint)
    return identity


def _not_yet(earlier: Identity) -> tuple[str, ...]:
    """Return the root that becomes a former one, unless a rotation that was cut off has named it already."""
    return () if earlier.root_pem in earlier.former_roots else (earlier.root_pem,)
