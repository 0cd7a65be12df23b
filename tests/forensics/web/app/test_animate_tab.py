"""The Animate tab's answers, without a browser: only sealed files are offered."""

import hashlib
from dataclasses import replace

import pytest

from forensics.web.app.animate_action import LONGEST_SECONDS, AnimateRequest, Motion, motion_of
from forensics.web.app.animate_tab import LIVELY, REST, SEED, STYLE, AnimateTab, visible_for
from forensics.web.app.pose_sliders import RATE
from forensics.web.app.source_face import FaceChoice, face_of
from generator import write_motion
from generator.avatars import STYLES, sample_avatar
from watermark import CredentialState, PayloadKind, encode_still, read_provenance

REQUEST = AnimateRequest(FaceChoice(None, STYLE, SEED), Motion.SLIDERS, None, REST, LIVELY, seconds=1.0)


def asked(motion, source=None, drive=None, seconds=0.5, seed=3.0, values=LIVELY, avatar=float(SEED)):
    return (source, STYLE, avatar, motion.value, drive, REST, LIVELY, seconds, 0.0, seed, False, *values)


def offered(sessions, tab):
    return [one.path for one in sessions.of(tab.session_hash).offers.values()]


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
@pytest.mark.parametrize("motion", [Motion.SLIDERS, Motion.SAMPLED])
def test_a_motion_becomes_a_sealed_clip(motion, context, sessions, tab, bar, deployment):
    told = []
    AnimateTab(context).make(tab, lambda progress, desc: told.append((progress, desc)), *asked(motion))
    (path,) = offered(sessions, tab)
    assert path.suffix == ".mp4"
    assert read_provenance(path, deployment).credential.state is CredentialState.TRUSTED
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert any("drawing, marking and sealing" in note for _, note in told)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".npz", ".csv", ".json"])
def test_a_face_follows_a_motion_file(suffix, context, sessions, tab, bar, upload, tmp_path, deployment):
    path = tmp_path / f"motion{suffix}"
    motion = motion_of(replace(REQUEST, motion=Motion.SAMPLED, seconds=0.3), sample_avatar(1, "real").params())
    write_motion(motion, path)
    drive = upload(path.name, path.read_bytes())
    html = AnimateTab(context).make(tab, bar, *asked(Motion.DRIVE, drive=drive))
    (made,) = offered(sessions, tab)
    assert read_provenance(made, deployment).credential.state is CredentialState.TRUSTED
    assert f"{len(motion)} frames" in html


@pytest.mark.parametrize(
    ("asking", "complaint"),
    [
        (asked(Motion.DRIVE), "choose a video"),
        (asked(Motion.STILL, seed=-1), "seed is a whole number"),
        (asked(Motion.STILL, seed=None), "seed is a whole number"),
        (asked(Motion.STILL, avatar=None), "number of the avatar is a whole number"),
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


def test_a_picture_that_was_made_here_is_no_source(context, sessions, tab, bar, upload):
    AnimateTab(context).make(tab, bar, *asked(Motion.STILL))
    (made,) = offered(sessions, tab)
    html = AnimateTab(context).head(tab, upload("again.png", made.read_bytes()), STYLE, SEED, *REST)
    assert "again.png: carries mark" in html


def test_the_source_of_an_upload_is_its_own_face(context, sessions, tab, upload, monkeypatch, tmp_path):
    avatar = sample_avatar(4, "anime")
    monkeypatch.setattr("forensics.web.app.source_face.track_source", lambda *_: avatar.params())
    drawn = face_of(FaceChoice(None, "anime", 4), context.deployment, sessions.of("other"))
    encode_still(drawn.still, tmp_path / "mine.png")
    tab_of = AnimateTab(context)
    own = tab_of.head(tab, upload("mine.png", (tmp_path / "mine.png").read_bytes()), STYLE, SEED, *REST)
    assert own.startswith("<img") and own != tab_of.head(tab, None, STYLE, SEED, *REST)


def test_work_ends_when_the_page_is_closed(context, sessions, tab, bar):
    def leaving(progress, desc):
        sessions.leave(tab.session_hash)

    html = AnimateTab(context).make(tab, leaving, *asked(Motion.STILL))
    assert "the page was closed" in html
    assert [path.name for path in sessions.folder.iterdir()] == ["uploads"]


def test_a_closed_page_keeps_no_face(context, sessions, tab):
    session = sessions.of(tab.session_hash)
    face_of(REQUEST.face, context.deployment, session)
    assert list(session.faces) == [REQUEST.face]
    sessions.leave(tab.session_hash)
    face_of(REQUEST.face, context.deployment, session)
    assert session.faces == {}


def test_motions_have_the_length_that_was_asked_for_and_no_more():
    face = sample_avatar(SEED, STYLE).params()
    assert len(motion_of(REQUEST, face)) == round(RATE)
    assert len(motion_of(replace(REQUEST, seconds=1e9), face)) == LONGEST_SECONDS * RATE
    assert len(motion_of(replace(REQUEST, motion=Motion.STILL), face)) == 1
    sampled = replace(REQUEST, motion=Motion.SAMPLED)
    assert (motion_of(sampled, face).pose == motion_of(sampled, face).pose).all()
    assert (motion_of(sampled, face).pose != motion_of(replace(sampled, motion_seed=1), face).pose).any()


def test_each_kind_of_motion_shows_what_it_needs():
    shown = {kind: tuple(one["visible"] for one in visible_for(kind.value)[:-1]) for kind in Motion}
    words = {kind: visible_for(kind.value)[-1]["value"] for kind in Motion}
    assert words.pop(Motion.CAMERA) == "Open the live window" and set(words.values()) == {"Animate"}
    assert shown[Motion.CAMERA] == (False, False, False, False, False)
    assert shown[Motion.DRIVE] == (True, False, False, False, False)
    assert shown[Motion.STILL] == (False, True, False, False, False)
    assert shown[Motion.SLIDERS] == (False, True, True, True, False)
    assert shown[Motion.SAMPLED] == (False, False, False, True, True)


def test_another_face_is_drawn_with_both_kept_poses(context, tab):
    pictures = AnimateTab(context).redraw(tab, None, STYLES[0], 2, REST, LIVELY, *REST)
    assert all(one.startswith("<img") for one in pictures)
    assert pictures[1] != pictures[2]


def test_a_face_that_cannot_be_drawn_is_said(context, tab):
    page = AnimateTab(context)
    assert "cannot be drawn" in page.head(tab, None, STYLE, SEED, 1.0)
    complaint, *kept = page.redraw(tab, None, "gouache", SEED, REST, LIVELY, *REST)
    assert "gouache" in complaint and kept == ["", ""]
    assert page.head(tab, None, STYLE, SEED, *REST).startswith("<img")
