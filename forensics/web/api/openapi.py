"""Describe the service as an OpenAPI 3.1 document."""

from __future__ import annotations

from importlib.metadata import version

from forensics.execution.command_result import JsonObject, JsonValue
from watermark import MEDIA_TYPES
from watermark.resolution.resolution import FINGERPRINTS, MOST_RESULTS, WATERMARKS

from .client_name import LONGEST_NAME
from .file_routes import MOST_ASSERTION_CHARACTERS, RECEIPT_HEADER
from .file_work import SEAL_FORMATS

_ERROR: JsonObject = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
}
_MATCHES: JsonObject = {
    "type": "object",
    "properties": {
        "matches": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "manifestId": {"type": "string"},
                    "similarityScore": {"type": "integer", "minimum": 0, "maximum": 100},
                },
                "required": ["manifestId"],
            },
        }
    },
    "required": ["matches"],
}
_DOCUMENT: JsonObject = {
    "type": "object",
    "properties": {
        "facetrail": {"type": "string"},
        "command": {"type": "string"},
        "results": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["facetrail", "command", "results"],
}
_REFUSALS = {
    "400": "The query is wrong; the error says what is expected.",
    "401": "The key is missing or unknown.",
    "403": "The key may not ask for this, or the request comes from a page of another site.",
    "404": "There is nothing here.",
    "408": "The file took too long to arrive.",
    "413": "The file is larger than allowed.",
    "415": "The body is called none of the types that are taken.",
    "421": "The service is not called by that name.",
    "429": "The key has asked more often than allowed; Retry-After says when to ask again.",
    "503": "Too many files wait already, or the service is stopping; Retry-After says when to ask again.",
}
_BODIES = ("application/octet-stream", "image/png", "image/jpeg", "video/mp4", "audio/mpeg", "application/pdf")


def openapi_document(*, keys: bool, signing: bool, examining: bool) -> JsonObject:
    """Return the description.

    Args:
        keys: Whether clients need keys.
        signing: Whether files are sealed and signed.
        examining: Whether files are examined.
    """
    paths: JsonObject = {
        "/health": {"get": _health()},
        "/metrics": {
            "get": _get("Counts of requests, for Prometheus.", {"text/plain": {"schema": {"type": "string"}}})
        },
        "/services/supportedAlgorithms": {"get": _get("Names of the marks and looks that are known.", _json({}))},
        "/matches/byBinding": {"get": _by_binding(), "post": _by_binding_in_body()},
        "/matches/byContent": {
            "post": _with_file(
                "Find the manifests of a file by its mark and its look.",
                [_algorithm(False), _most()],
                _json(_MATCHES),
                "400",
            ),
        },
        "/manifests/{manifestId}": {"get": _manifest()},
        "/read": {"post": _with_file("Read mark and credential of a file.", [_name()], _json(_DOCUMENT))},
    }
    if examining:
        paths["/examine"] = {"post": _with_file("Examine a file.", [_name()], _json(_DOCUMENT))}
    if signing:
        made: JsonObject = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}
        paths["/seal"] = {"post": _with_file("Mark and sign a file.", [*_seal_query()], made, receipt=True)}
        paths["/sign"] = {"post": _with_file("Sign a file as it is.", [*_sign_query()], made, receipt=True)}
    document: JsonObject = {
        "openapi": "3.1.0",
        "info": {
            "title": "facetrail",
            "version": version("facetrail"),
            "description": "Marks and signs files, reads and examines them, and finds lost manifests.",
        },
        "paths": paths,
    }
    if keys:
        scheme: JsonObject = {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of `facetrail serve --new-key`.",
        }
        document |= {"components": {"securitySchemes": {"key": scheme}}, "security": [{"key": []}]}
    return document


def _json(schema: JsonObject) -> JsonObject:
    return {"application/json": {"schema": schema}}


def _refused(*codes: str) -> JsonObject:
    return {code: {"description": _REFUSALS[code], "content": _json(_ERROR)} for code in codes}


def _get(summary: str, content: JsonObject) -> JsonObject:
    return {
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "content": content},
            **_refused("401", "403", "421", "429"),
        },
    }


def _health() -> JsonObject:
    text: JsonObject = {"type": "string"}
    state: JsonObject = {
        "type": "object",
        "properties": {"status": text, "store": text, "identity": text, "days_left": {"type": "integer"}},
        "required": ["status", "store", "identity", "days_left"],
    }
    answers: JsonObject = {
        "200": {"description": "The service can do its work.", "content": _json(state)},
        "503": {"description": "It cannot: the store is unusable, or the certificate is out of date.",
                "content": _json(state)},
        **_refused("403", "421"),
    }  # fmt: skip
    return {"summary": "Whether the service can do its work; needs no key.", "security": [], "responses": answers}


def _with_file(
    summary: str, parameters: list[JsonValue], content: JsonObject, *codes: str, receipt: bool = False
) -> JsonObject:
    done: JsonObject = {"description": "Done.", "content": content}
    if receipt:
        done["headers"] = {
            RECEIPT_HEADER: {"description": "What was made, as one line of JSON.", "schema": {"type": "string"}}
        }
    failed: JsonObject = {"description": "The file could not be dealt with; the entry says why.",
                          "content": _json(_DOCUMENT)}  # fmt: skip
    body: JsonObject = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _BODIES}
    refusals = ("400", "401", "403", "408", "413", "415", "421", "429", "503")
    return {
        "summary": summary,
        "parameters": parameters,
        "requestBody": {"required": True, "content": body},
        "responses": {"200": done, "422": failed, **_refused(*dict.fromkeys((*refusals, *codes)))},
    }


def _query(name: str, words: str, schema: JsonObject, *, required: bool = False) -> JsonObject:
    return {"name": name, "in": "query", "description": words, "required": required, "schema": schema}


def _name() -> JsonObject:
    return _query("name", "Name of the file.", {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME})


def _algorithm(required: bool) -> JsonObject:
    names: list[JsonValue] = [*WATERMARKS, *FINGERPRINTS]
    return _query("alg", "Name of the algorithm.", {"type": "string", "enum": names}, required=required)


def _most() -> JsonObject:
    return _query("maxResults", "Most matches.", {"type": "integer", "minimum": 1, "maximum": MOST_RESULTS})


def _flag(name: str, words: str) -> JsonObject:
    return _query(name, words, {"type": "boolean"})


def _assertions() -> JsonObject:
    words = 'Further assertions, {"assertions": [{"label": …, "data": …}]}.'
    return _query("assertions", words, {"type": "string", "maxLength": MOST_ASSERTION_CHARACTERS})


def _seal_query() -> list[JsonValue]:
    kinds: list[JsonValue] = ["captured", "edited", "generated", "control"]
    return [
        _name(),
        _query("kind", "Where the file comes from.", {"type": "string", "enum": kinds}, required=True),
        _query("format", "Format of the sealed file.", {"type": "string", "enum": [*SEAL_FORMATS]}),
        _query("quality", "Of a JPEG, WebP or AVIF.", {"type": "integer", "minimum": 1, "maximum": 100}),
        _flag("lossless", "Keep every marked pixel."),
        _flag("thumbnail", "Put a small picture into the credential."),
        _assertions(),
    ]


def _sign_query() -> list[JsonValue]:
    kinds: list[JsonValue] = ["captured", "edited", "generated"]
    return [
        _name(),
        _query("kind", "Where the file comes from.", {"type": "string", "enum": kinds}, required=True),
        _flag("sidecar", "Return the credential alone."),
        _flag("thumbnail", "Put a small picture into the credential."),
        _assertions(),
    ]


def _by_binding() -> JsonObject:
    value = _query("value", "The mark's id or the look, base64.", {"type": "string", "minLength": 1}, required=True)
    answers: JsonObject = {
        "200": {"description": "The matches.", "content": _json(_MATCHES)},
        **_refused("400", "401", "403", "421", "429"),
    }
    return {"summary": "Find manifests by a soft binding.", "parameters": [_algorithm(True), value, _most()],
            "responses": answers}  # fmt: skip


def _by_binding_in_body() -> JsonObject:
    names: list[JsonValue] = [*WATERMARKS, *FINGERPRINTS]
    asked: JsonObject = {
        "type": "object",
        "properties": {"alg": {"type": "string", "enum": names}, "value": {"type": "string", "minLength": 1}},
        "required": ["alg", "value"],
    }
    answers: JsonObject = {
        "200": {"description": "The matches.", "content": _json(_MATCHES)},
        **_refused("400", "401", "403", "413", "421", "429"),
    }
    body: JsonObject = {"required": True, "content": _json(asked)}
    return {"summary": "Find manifests by a soft binding.", "parameters": [_most()], "requestBody": body,
            "responses": answers}  # fmt: skip


def _manifest() -> JsonObject:
    label: JsonObject = {"name": "manifestId", "in": "path", "required": True, "schema": {"type": "string"}}
    active = _flag("returnActiveManifest", "Leave out the manifests of ingredients.")
    store: JsonObject = {"application/c2pa": {"schema": {"type": "string", "format": "binary"}}}
    answers: JsonObject = {
        "200": {"description": "The manifest store.", "content": store},
        **_refused("400", "401", "403", "404", "421", "429"),
    }
    return {"summary": "Return a manifest store.", "parameters": [label, active], "responses": answers}
