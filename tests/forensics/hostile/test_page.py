"""The page in the browser opens uploads as `facetrail examine` opens files: in a process of its own, within limits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from forensics.execution.sandbox import Limits, confined
from forensics.web.app.context import AppContext
from forensics.web.app.examine_action import card_examiner, examine
from forensics.web.app.sessions import Sessions
from fuzzing import hostile_files
from watermark import Deployment, encode_still


@pytest.mark.slow
def test_an_upload_that_costs_too_much_gets_one_line_and_the_next_one_its_card(
    tmp_path: Path, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forensics.execution.sandbox.confined", confined)
    hostile = hostile_files.make("png_of_ten_thousand_ingredients", tmp_path)
    encode_still(np.full((192, 192, 3), 127, dtype=np.uint8), tmp_path / "next.png")
    sessions = Sessions(tmp_path)
    context = AppContext(deployment, sessions, "cpu", tmp_path / "results", card_examiner, limits=Limits(4, 2048))
    session = sessions.of("tab")
    try:
        html = examine([hostile, tmp_path / "next.png"], context, session)
    finally:
        context.close()
    (offered,) = session.offers.values()
    refused, answered = json.loads(offered.path.read_text())["results"]
    sessions.close()
    line = f"{hostile.name}: takes longer than 4 seconds; if you trust the file, allow more with --seconds"
    assert refused["error"]["message"].endswith(line)
    assert line in html
    assert answered["path"] == "next.png"
    assert html.count("<article") == 2
