"""The JSON document is UTF-8, whatever a file is called."""

from __future__ import annotations

import json
import os

from forensics.execution.command_result import document


def test_a_name_that_is_no_utf8_survives_the_json_document() -> None:
    name = b"caf\xe9.jpg"
    text = document("examine", ({"path": os.fsdecode(name), "beside": "caf\u00e9"},))
    result = json.loads(text.encode("utf-8"))["results"][0]
    assert os.fsencode(result["path"]) == name
    assert "caf\u00e9" in text
