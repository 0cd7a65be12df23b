"""Measure what one frame of the live window costs; write results/live.csv.

A rendered head moves in pictures of 384 x 288 pixels, as the page sends those of a camera. Each is decoded, read by the
face mesh and the fit of the avatar head, drawn by the preset `geometry` at 256 pixels with the mark, and encoded for
the page. The row "over HTTP" sends the same frames through a server on this computer and its guard, from frame out to
picture in. The values are CPU milliseconds of this process a frame, so that other work on the machine does not count.
They are means over frames, with the 95 % interval of a bootstrap over frames; the first frames, in which code is
compiled and the shape is fitted, are left out. Wall time, which other work lengthens, is printed beside.

    OMP_NUM_THREADS=1 python -m benchmarks.generator.live [--frames N]
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import uvicorn
from starlette.applications import Starlette

from benchmarks.results_csv import write_rows
from forensics.web.app.guard import Guard, GuardConfig
from forensics.web.app.live_window import LiveWindow, live_routes
from forensics.web.app.sessions import Sessions
from generator import LivePicture
from generator.avatars import render, sample_avatar, sample_motion
from generator.trackers import AvatarTracker, FaceMesh, LiveTracker, find_face_mesh
from watermark import Deployment

RESULTS = Path("results/live.csv")
HEADER = ["stage", "cpu_ms", "low", "high", "n_frames", "seed", "machine"]
DRIVER, SOURCE = ("real", 11), ("cartoon", 2)
SEED, SIZE, RATE, LEFT_OUT, RESAMPLES = 5, 256, 12.5, 3, 2000
CAMERA = (288, 384)
STAGES = ("track", "draw and mark", "encode", "all", "over HTTP")


def camera_frames(count: int) -> list[np.ndarray]:
    """Return frames (288, 384, 3) of a head that moves before a camera."""
    driver = sample_avatar(DRIVER[1], DRIVER[0])
    motion = sample_motion(np.random.default_rng(SEED), driver.shape.values, count, RATE)
    side = (CAMERA[1] - CAMERA[0]) // 2
    pictures = (render(driver, driver.driven(motion[index]), CAMERA[0]).picture for index in range(count))
    return [cv2.copyMakeBorder(one, 0, 0, side, side, cv2.BORDER_REPLICATE) for one in pictures]


def live_picture(folder: Path) -> LivePicture:
    """Return the picture that follows."""
    source = sample_avatar(SOURCE[1], SOURCE[0])
    still = render(source, source.params(), 2 * SIZE).picture
    return LivePicture(still, source.params(), Deployment.open(folder), SIZE)


def measure_stages(frames: list[np.ndarray], folder: Path) -> np.ndarray:
    """Return the CPU milliseconds of the first three stages (frames, 3)."""
    tracker, live = LiveTracker(AvatarTracker(FaceMesh(find_face_mesh()))), live_picture(folder)
    rows, follower = [], None
    for index, frame in enumerate(frames):
        clock = [time.process_time()]
        face = tracker.track(frame, index / RATE)
        if face is None:
            raise SystemExit(f"no face in frame {index}; choose another driver")
        clock.append(time.process_time())
        follower = follower or live.follower(face)
        drawn = follower.shown(face)
        clock.append(time.process_time())
        cv2.imencode(".jpg", drawn)
        clock.append(time.process_time())
        rows.append(1000 * np.diff(clock))
    return np.array(rows[LEFT_OUT:])


def measure_http(frames: list[np.ndarray], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the milliseconds (frames,) from frame out to picture in over HTTP: of CPU, and of wall time."""
    sessions = Sessions(folder)
    token = sessions.of("measured").show_live(LiveWindow(live_picture(folder / "home")))
    app = Guard(Starlette(routes=live_routes(sessions)), GuardConfig())
    config = uvicorn.Config(app, port=0, log_level="error")
    server, listening = uvicorn.Server(config), config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    connection = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=120)
    cpu, wall = [], []
    for frame in frames:
        sent = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        before = time.process_time(), time.perf_counter()
        connection.request("POST", f"/live/{token}", sent)
        answer = connection.getresponse()
        answer.read()
        if answer.getheader("content-type") != "image/jpeg":
            raise SystemExit(f"the live window answered {answer.status}")
        cpu.append(1000 * (time.process_time() - before[0]))
        wall.append(1000 * (time.perf_counter() - before[1]))
    connection.close()
    server.should_exit = True
    thread.join()
    sessions.close()
    return np.array(cpu[LEFT_OUT:]), np.array(wall[LEFT_OUT:])


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=40, help="measured frames (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    frames = camera_frames(options.frames + LEFT_OUT)
    with tempfile.TemporaryDirectory() as folder:
        stages = measure_stages(frames, Path(folder) / "stages")
        over_http, wall = measure_http(frames, Path(folder))
    stages = np.column_stack([stages, stages.sum(1), over_http])
    print(f"wall time over HTTP: median {np.median(wall):.0f} ms, with load {os.getloadavg()[0]:.1f}")
    rng = np.random.default_rng(SEED)
    means = stages[rng.integers(len(stages), size=(RESAMPLES, len(stages)))].mean(1)
    rows = [
        [name, float(stages[:, column].mean()), *np.percentile(means[:, column], (2.5, 97.5)).tolist(), len(stages),
         SEED, platform.machine()]
        for column, name in enumerate(STAGES)
    ]  # fmt: skip
    write_rows(options.out, HEADER, rows)


if __name__ == "__main__":
    main()
