"""The Animate tab's answers, without a browser: only sealed files are offered."""

import hashlib
from dataclasses import replace

import pytest

from forensics.web.app.animate_action import LONGEST_SECONDS, AnimateRequest, Motion, motion_of, play
from forensics.web.app.animate_tab import LIVELY, PUPPETS_SEED, REST, AnimateTab, visible_for
from forensics.web.app.pose_sliders import RATE
from watermark import CredentialState, PayloadKind, read_provenance

REQUEST = AnimateRequest(None, PUPPETS_SEED, 1, Motion.SLIDERS, None, REST, LIVELY, seconds=1.0)


def asked(motion, source=None, drive=None, seconds=0.5, seed=3.0, values=LIVELY):
    return (source, PUPPETS_SEED, 1, motion.value, drive, REST, LIVELY, seconds, 0.0, 1.0, seed, False, *values)


def offered(sessions, tab):
    return [one.path for one in sessions.of(tab.session_hash).offers.values()]


@pytest.mark.slow
def test_a_pose_becomes_a_sealed_picture_named_by_its_mark(context, sessions, tab, bar, deployment):
    html = AnimateTab(context).make(tab, bar, *asked(Motion.STILL))
    (path,) = offered(sessions, tab)
    found = read_provenance(path, deployment)
    assert found.credential.state is CredentialState.TRUSTED
    assert found.mark.kind is PayloadKind.GENERATED
    assert path.name == f"facetrail-{found.mark.id}.png"
    assert found.mark.id in html
    assert hashlib.sha256(path.read_bytes()).hexdigest() in html
    assert str(sessions.folder) not in html


@pytest.mark.slow
def test_a_motion_becomes_a_sealed_clip(context, sessions, tab, bar, deployment):
    told = []
    AnimateTab(context).make(tab, lambda progress, desc: told.append((progress, desc)), *asked(Motion.SLIDERS))
    (path,) = offered(sessions, tab)
    assert path.suffix == ".mp4"
    assert read_provenance(path, deployment).credential.state is CredentialState.TRUSTED
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert any("drawing, marking and sealing" in note for _, note in told)


@pytest.mark.parametrize(
    ("asking", "complaint"),
    [
        (asked(Motion.DRIVE), "choose a video"),
        (asked(Motion.STILL, seed=-1), "seed is a whole number"),
        (asked(Motion.STILL, seed=None), "seed is a whole number"),
        (asked(Motion.STILL, source="/etc/passwd"), "passwd: the upload is gone"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_offered(asking, complaint, context, sessions, tab, bar):
    html = AnimateTab(context).make(tab, bar, *asking)
    assert html.startswith('<p class="ft-notice" role="alert">')
    assert complaint in html
    assert offered(sessions, tab) == []


def test_a_source_that_is_no_picture_is_named_without_the_servers_folders(context, sessions, tab, bar, upload):
    html = AnimateTab(context).make(tab, bar, *asked(Motion.STILL, source=upload("notes.png", b"no picture")))
    assert "notes.png" in html
    assert str(sessions.uploads) not in html
    assert "Traceback" not in html


def test_work_ends_when_the_page_is_closed(context, sessions, tab, bar):
    def leaving(progress, desc):
        sessions.leave(tab.session_hash)

    html = AnimateTab(context).make(tab, leaving, *asked(Motion.STILL))
    assert "the page was closed" in html
    assert [path.name for path in sessions.folder.iterdir()] == ["uploads"]


def test_motions_have_the_length_that_was_asked_for_and_no_more():
    assert len(motion_of(REQUEST)) == round(RATE)
    assert len(motion_of(replace(REQUEST, seconds=1e9))) == LONGEST_SECONDS * RATE
    assert len(motion_of(replace(REQUEST, motion=Motion.STILL))) == 1
    sampled = replace(REQUEST, motion=Motion.SAMPLED)
    assert (motion_of(sampled).pose == motion_of(sampled).pose).all()
    assert (motion_of(sampled).pose != motion_of(replace(sampled, motion_seed=1)).pose).any()


def test_a_motion_is_played_before_it_is_made():
    assert play(replace(REQUEST, seconds=0.5)).startswith("data:image/webp;base64,")


def test_each_kind_of_motion_shows_what_it_needs():
    shown = {kind: tuple(one["visible"] for one in visible_for(kind.value)) for kind in Motion}
    assert shown[Motion.DRIVE] == (True, False, False, False, False, False)
    assert shown[Motion.STILL] == (False, True, False, False, False, True)
    assert shown[Motion.SLIDERS] == (False, True, True, True, False, True)
    assert shown[Motion.SAMPLED] == (False, False, False, True, True, True)


def test_a_pose_that_cannot_be_drawn_is_said(context):
    assert "cannot be drawn" in AnimateTab(context).head(PUPPETS_SEED, 0, 1.0)
    assert AnimateTab(context).head(PUPPETS_SEED, 0, *REST).startswith("<img")
