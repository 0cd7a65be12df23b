"""Sign a file, and the settings under which the C2PA library signs and reads; it never uses the network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import c2pa
from cryptography import x509

from .claim import Claim, check_claim
from .containers import sniff
from .errors import IdentityError, SealError
from .identity import SIGNING_USES, Identity
from .manifest import CREATED_ASSERTIONS, ingredient_definition, manifest_definition


def library_context(anchors: Sequence[str]) -> c2pa.Context:
    """Return the library's settings with these trust anchors (PEM) and without any network access.

    Raises:
        IdentityError: An anchor is no certificate.
    """
    settings = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "trust": {
            "user_anchors": "\n".join(anchors),
            "trust_config": "".join(f"{use.dotted_string}\n" for use in SIGNING_USES),
        },
        "builder": {"thumbnail": {"enabled": False}, "created_assertion_labels": list(CREATED_ASSERTIONS)},
    }
    try:
        for anchor in anchors:  # the library passes over text that is no certificate
            x509.load_pem_x509_certificates(anchor.encode())
        return c2pa.Context.from_dict(settings)
    except (c2pa.C2paError, ValueError) as error:
        raise IdentityError(
            f"a trust anchor is no PEM certificate ({error}); give root certificates as PEM text"
        ) from error


def sign_file(source: Path, target: Path, claim: Claim, identity: Identity) -> bytes:
    """Write a signed copy of a file and return the manifest store that was embedded.

    Args:
        source: The encoded file.
        target: Where the signed copy goes.
        claim: What is said.
        identity: Who says it.

    Raises:
        SealError: The claim lacks what its kind needs, an ingredient cannot be read, or the library refuses.
        IdentityError: The private key cannot be read.
        OSError: The copy cannot be written.
    """
    check_claim(claim)
    media_type = sniff(source).value
    # The anchors also decide how the credentials of ingredients are recorded, for good.
    context = library_context((identity.root_pem,))
    try:
        with (
            c2pa.Builder(json.dumps(manifest_definition(claim, media_type)), context=context) as builder,
            _signer(identity) as signer,
        ):
            _add_ingredients(builder, claim)
            with source.open("rb") as unsigned, target.open("w+b") as signed:
                manifest: bytes = builder.sign(signer, media_type, unsigned, signed)
    except c2pa.C2paError as error:
        raise SealError(
            f"{claim.title}: the C2PA library refuses to sign ({error}); check the claim and its ingredients"
        ) from error
    return manifest


def _add_ingredients(builder: c2pa.Builder, claim: Claim) -> None:
    for index, ingredient in enumerate(claim.ingredients):
        container = sniff(ingredient.path)
        with ingredient.path.open("rb") as stream:
            builder.add_ingredient(json.dumps(ingredient_definition(index, ingredient)), container.value, stream)


def _signer(identity: Identity) -> c2pa.Signer:
    try:
        key = identity.key_path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{identity.key_path}: the private key cannot be read ({error.strerror})") from error
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", identity.chain_pem.encode(), key, None))
