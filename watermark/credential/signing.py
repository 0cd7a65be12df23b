"""Sign a file, and configure the C2PA library for signing and reading.

The library uses the network only to ask a time-stamp authority, where the identity names one.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import c2pa

from watermark.errors import IdentityError, SealError
from watermark.identity.certificates import SIGNING_USES, pem, read_pem
from watermark.identity.identity import Identity
from watermark.media.containers import sniff

from .claim import Claim, Ingredient, check_claim
from .layout import recorded_layout
from .manifest import CREATED_ASSERTIONS, Json, ingredient_definition, manifest_definition, missing_stamp, padded
from .named_identity import NamedIdentity, SettingsSigner, signer_settings

_LOG = logging.getLogger(__name__)

_DISCREET_STEP = 8192


class TimeStampOutcome(StrEnum):
    """The state of a signature's time stamp."""

    NONE = "none"
    STAMPED = "stamped"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest that is ready to be signed.

    Attributes:
        title: Name of the file for people.
        definition: Definition of the manifest.
        ingredients: Files that its actions refer to.
        embedded: Whether the file is to hold the manifest; otherwise the copy is the same as the file.
        updates: Whether it only adds to what an earlier manifest says of the same content.
        named: Who stands behind the content in a CAWG identity assertion, or None for nobody.
        vouched_for: Labels of the assertions that the named one vouches for.
    """

    title: str
    definition: dict[str, Json]
    ingredients: tuple[Ingredient, ...] = ()
    embedded: bool = True
    updates: bool = False
    named: NamedIdentity | None = None
    vouched_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The result of signing.

    Attributes:
        manifest: The manifest store, which is in the file where that can hold one.
        time_stamp: NONE (no authority is configured), STAMPED, or UNAVAILABLE (it did not answer; the manifest says
            so).
    """

    manifest: bytes
    time_stamp: TimeStampOutcome


def library_context(settings: Mapping[str, Any]) -> c2pa.Context:
    """Return a context of the library with these settings.

    Args:
        settings: What `library_settings` returned.

    Raises:
        IdentityError: The library refuses an anchor or a key.
    """
    try:
        return c2pa.Context.from_dict(dict(settings))
    except c2pa.C2paError as error:
        raise IdentityError(
            f"the trust anchors or keys cannot be used ({error}); give certificates and keys as PEM text"
        ) from error


def library_settings(
    anchors: Sequence[str],
    *,
    time_anchors: Sequence[str] = (),
    identity_anchors: Sequence[str] = (),
    offline: bool = True,
    created: Sequence[str] = (),
    thumbnail: bool = False,
) -> dict[str, Any]:
    """Return the library's settings with these trust anchors (PEM).

    Args:
        anchors: Root certificates under which signers and time-stamp authorities are trusted.
        time_anchors: Root certificates for time-stamp authorities alone. The library (0.91) trusts signers of claims
            under them too, so whoever passes them has to look who vouches for a signer.
        identity_anchors: Root certificates for CAWG identities alone, with the same fault of the library.
        offline: Whether a manifest that a file only refers to is never fetched.
        created: Labels of further assertions that the signer of a new manifest vouches for.
        thumbnail: Whether a new manifest gets a small picture of the file.

    Raises:
        IdentityError: An anchor is no certificate.
    """
    # The library ignores text that is no certificate, so the certificates are taken out of their bundles here.
    roots = _certificates(anchors)
    special = [
        {"trust_anchors": found, "trust_kind": kind}
        for kind, texts in (("tsa", time_anchors), ("cawg", identity_anchors))
        if (found := _certificates(texts))
    ]
    return {
        "verify": {"remote_manifest_fetch": not offline, "ocsp_fetch": False},
        "trust": {
            "trust_config": "".join(f"{use.dotted_string}\n" for use in SIGNING_USES),
            **({"user_anchors": roots} if roots else {}),
            **({"anchors": special} if special else {}),
        },
        "builder": {
            "thumbnail": {"enabled": thumbnail},
            "created_assertion_labels": [*CREATED_ASSERTIONS, *created],
        },
    }


def _certificates(texts: Sequence[str]) -> str:
    """Return the certificates of some bundles, each once, without the words between them."""
    return "".join(dict.fromkeys(pem(one) for text in texts for one in read_pem(text, "a trust anchor")))


def sign_file(
    source: Path,
    target: Path,
    claim: Claim,
    identity: Identity,
    anchors: Sequence[str] | None = None,
    *,
    discreet: bool = False,
) -> Signature:
    """Write a signed copy of a file; one of a kind that holds no credential stays the same.

    Where the identity names a time-stamp authority that does not answer and is not required, the file is signed without
    a stamp and an assertion of the manifest says so.

    Args:
        source: The encoded file.
        target: Path of the signed copy.
        claim: The claim to sign.
        identity: Identity that signs.
        anchors: Root certificates (PEM) under which the credentials of ingredients are recorded permanently as trusted;
            None uses the identity's own.
        discreet: Whether the manifest store is padded to a multiple of 8 KiB, to which a time stamp is added.

    Raises:
        SealError: The claim contradicts itself, an ingredient cannot be read, the library refuses, or the time-stamp
            authority is required and does not answer.
        IdentityError: The private key cannot be read, or the remote key does not sign as its certificate says.
        OSError: The copy cannot be written.
    """
    check_claim(claim)
    container = sniff(source)
    definition = manifest_definition(claim, container.value, recorded_layout(source, container))
    settings = library_settings(
        identity.anchors if anchors is None else anchors,
        created=[one.label for one in claim.assertions],
        thumbnail=claim.thumbnail,
    )
    draft = Draft(claim.title, definition, claim.ingredients, embedded=container.holds_credential)
    return sign_draft(source, target, draft, identity, settings, discreet=discreet)


def sign_draft(
    source: Path,
    target: Path,
    draft: Draft,
    identity: Identity,
    settings: Mapping[str, Any],
    *,
    discreet: bool = False,
) -> Signature:
    """Write a copy of a file with a manifest that is ready to be signed, and a time stamp as the identity asks for one.

    Args:
        source: The file.
        target: Path of the copy.
        draft: The manifest.
        identity: Identity that signs.
        settings: Settings of the library, see `library_settings`.
        discreet: As for `sign_file`.

    Raises:
        SealError: As for `sign_file`.
        IdentityError: As for `sign_file`.
        OSError: The copy cannot be written.
    """
    definition, stamping = draft.definition, identity.time_stamping
    sign = partial(_sign, source, target, draft, identity, settings)
    if discreet:
        definition = padded(definition, -len(sign(padded(definition, 0), None)) % _DISCREET_STEP)
    if stamping is None:
        return Signature(sign(definition, None), TimeStampOutcome.NONE)
    try:
        return Signature(sign(definition, stamping.url), TimeStampOutcome.STAMPED)
    except SealError as error:
        if stamping.required:
            raise SealError(f"{error}; the time-stamp authority {stamping.url} is asked for and required") from error
        _LOG.info("the time-stamp authority did not answer; the file is signed without a time stamp")
    return Signature(sign(missing_stamp(definition, stamping.url), None), TimeStampOutcome.UNAVAILABLE)


def _sign(
    source: Path,
    target: Path,
    draft: Draft,
    identity: Identity,
    settings: Mapping[str, Any],
    definition: dict[str, Json],
    authority: str | None,
) -> bytes:
    refusals: list[IdentityError] = []
    with source.open("rb") as unsigned, _NotedFile(target) as signed, ExitStack() as opened:
        try:
            if draft.named is None:
                context: c2pa.ContextProvider = library_context(settings)
                signer: tuple[c2pa.Signer, ...] = (opened.enter_context(_signer(identity, authority, refusals.append)),)
            else:
                identity.check_in_date()
                keys = signer_settings(identity, draft.named, draft.vouched_for, authority)
                context, signer = SettingsSigner(library_context({**settings, **keys})), ()
            builder = opened.enter_context(c2pa.Builder(json.dumps(definition), context=context))
            if draft.updates:
                builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
            _add_ingredients(builder, draft.ingredients)
            if not draft.embedded:
                builder.set_no_embed()
            manifest: bytes = builder.sign(*signer, str(definition["format"]), unsigned, signed)
        except c2pa.C2paError as error:
            if refusals:
                raise refusals[0] from error
            if signed.failure is not None:
                raise signed.failure from error
            raise SealError(
                f"{draft.title}: the C2PA library refuses to sign ({error}); check the claim and its ingredients"
            ) from error
    return manifest


class _NotedFile(io.FileIO):
    """A file that stores why a write failed, because the library reports only that it failed."""

    failure: OSError | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")

    def write(self, content: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Write all of the content, or store and raise the error that prevented it."""
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.failure = error
            raise
        return len(memoryview(content))


def _add_ingredients(builder: c2pa.Builder, ingredients: Sequence[Ingredient]) -> None:
    for index, ingredient in enumerate(ingredients):
        container = sniff(ingredient.path)
        with ingredient.path.open("rb") as stream:
            builder.add_ingredient(json.dumps(ingredient_definition(index, ingredient)), container.value, stream)


def _signer(identity: Identity, authority: str | None, refuse: Callable[[IdentityError], None]) -> c2pa.Signer:
    identity.check_in_date()
    if identity.remote_key is not None:

        def sign(content: bytes) -> bytes:
            try:
                return identity.remote_signature(content)
            except IdentityError as error:  # the library reports that the callback failed, not why
                refuse(error)
                raise

        algorithm = c2pa.C2paSigningAlg[identity.algorithm.upper()]
        return c2pa.Signer.from_callback(sign, algorithm, identity.chain_pem, authority)
    if identity.key_path is None:
        raise IdentityError(f"{identity.subject}: has neither a key file nor a remote key; load it or bring its key")
    try:
        key = identity.key_path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{identity.key_path}: the private key cannot be read ({error.strerror})") from error
    chain, address = identity.chain_pem.encode(), authority and authority.encode()
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(identity.algorithm, chain, key, address))
