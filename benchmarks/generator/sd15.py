"""Measure the denoiser at Stable Diffusion size, and memory over a clip's length; write results/sd15_speed.csv.

Weights are random, because time and memory do not depend on them. A forward pass under all conditions, with the
source's keys and values computed before, and a forward pass of diffusers' U-Net with the same weights, batch and latent
are measured in turn; the ratio is the median over pairs. Memory is the peak of separate processes that each write one
clip at toy size.
"""

from __future__ import annotations

import argparse
import csv
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from generator import AnimateConfig, Animator
from generator.avatars import render, sample_avatar, sample_motion
from generator.inference.animate_config import settle
from generator.inference.sampling import forwards
from generator.inference.windows import lay_windows
from generator.network.attention import AttentionInputs
from generator.network.config import SD15, TOY_SD15, ModelConfig
from generator.network.model import AniFaceDiff
from generator.network.temporal import MotionModules
from generator.network.unet import Denoiser, ReferenceNet
from watermark import Deployment, Ingredient

HEADER = ["measure", "case", "value", "low", "high", "runs", "dtype", "batch", "latent", "config", "threads", "machine"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
LENGTHS = (24, 240)
SEED = 0
Forward = Callable[[], Tensor]
Size = tuple[int, ...]


class Pair:
    """A denoiser and the bare U-Net that shares its weights, on the same random inputs."""

    def __init__(self, config: ModelConfig, batch: int, grid: int, like: Tensor) -> None:
        from diffusers import UNet2DConditionModel  # after `generator`, which prepares its import

        torch.manual_seed(SEED)

        def randn(*size: int) -> Tensor:
            return torch.randn(size, device=like.device, dtype=like.dtype)

        self.denoiser = Denoiser(config, config.latent_channels).to(like).eval().requires_grad_(False)
        self.motion = MotionModules(config).to(like).eval().requires_grad_(False)
        with torch.device("meta"):
            self.bare = UNet2DConditionModel(
                sample_size=config.grid, in_channels=config.latent_channels, out_channels=config.latent_channels,
                layers_per_block=config.layers, block_out_channels=config.widths,
                cross_attention_dim=config.context_dim, attention_head_dim=config.heads,
            )  # fmt: skip
        shared = {name: value for name, value in self.denoiser.state_dict().items() if "processor" not in name}
        self.bare.load_state_dict(shared, assign=True)
        self.bare.eval()
        reference = ReferenceNet(config).to(like).eval().requires_grad_(False)
        self.noisy = randn(batch, config.latent_channels, grid, grid)
        self.context = randn(batch, 1, config.context_dim)
        bank = self.denoiser.reference_bank(reference(self.noisy[:1], self.context[:1]))
        tokens = randn(batch, config.tokens, config.context_dim)
        self.inputs = AttentionInputs(bank, expression=tokens)
        self.added = randn(batch, config.widths[0], grid, grid)
        self.time = torch.full((batch,), 500, device=like.device)

    def plain(self) -> Tensor:
        """Run the bare U-Net."""
        out: Tensor = self.bare(self.noisy, self.time, self.context).sample
        return out

    def conditioned(self) -> Tensor:
        """Run the denoiser under all conditions, without temporal modules, which the bare U-Net does not have."""
        out: Tensor = self.denoiser(self.noisy, self.time, self.context, self.inputs, added=self.added)
        return out

    def temporal(self) -> Tensor:
        """Run the denoiser with temporal modules over the batch as one window."""
        out: Tensor = self.denoiser(
            self.noisy, self.time, self.context, self.inputs, added=self.added, motion=self.motion,
            frames=len(self.noisy),
        )  # fmt: skip
        return out


def seconds(run: Forward) -> float:
    """Return the wall time of a forward pass."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    started = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """Return median, lower and upper quartile."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)


@torch.inference_mode()
def forward_rows(config: ModelConfig, options: argparse.Namespace) -> list[list[object]]:
    """Measure forward passes, counted and by the clock."""
    rows: list[list[object]] = []
    for name in options.dtypes:
        pair = Pair(config, options.batch, options.latent, torch.empty(0, dtype=DTYPES[name], device=options.device))
        cases: dict[str, Forward] = {"conditioned": pair.conditioned, "conditioned, temporal": pair.temporal}
        tail = [name, options.batch, options.latent]
        counted = {"bare": flops(pair.plain)} | {case: flops(run) for case, run in cases.items()}
        if name == options.dtypes[0]:
            for case, value in counted.items():
                rows.append(["gflop", case, f"{value / 1e9:.2f}", "", "", 1, "any", *tail[1:]])
            for case in cases:
                rows.append(["flop_ratio", case, f"{counted[case] / counted['bare']:.3f}", "", "", 1, "any", *tail[1:]])
        times: dict[str, list[float]] = {case: [] for case in ("bare", *cases)}
        for turn in range(options.runs + 1):
            for case, run in {"bare": pair.plain, **cases}.items():
                taken = seconds(run)
                if turn:  # the first turn warms up
                    times[case].append(taken)
        for case, values in times.items():
            rows.append(["seconds", case, *(f"{v:.4f}" for v in quartiles(values)), len(values), *tail])
        for case in cases:
            ratios = [ours / bare for ours, bare in zip(times[case], times["bare"], strict=True)]
            rows.append(["time_ratio", case, *(f"{v:.3f}" for v in quartiles(ratios)), len(ratios), *tail])
        del pair
    return rows


def _attention_flops(query: Size, key: Size, value: Size, *_: object, **__: object) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]


_ATTENTION_ON_CPU = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops}
"""The only form of attention that torch's counter does not support."""


def flops(run: Forward) -> int:
    """Count the floating point operations of a forward pass."""
    with FlopCounterMode(display=False, custom_mapping=_ATTENTION_ON_CPU) as counter:
        run()
    return int(counter.get_total_flops())


def evaluation_rows() -> list[list[object]]:
    """Count U-Net evaluations per output frame of a clip of 240 frames."""
    cases = {
        "lcm, 4 steps, no guidance": AnimateConfig(sampler="lcm"),
        "ddim, 25 steps, guidance (default)": AnimateConfig(),
        "ddim, 30 steps, guidance, overlap 4": AnimateConfig(steps=30, guidance=3.5, overlap=4),
    }
    rows: list[list[object]] = []
    for case, config in cases.items():
        settings = settle(config, SD15)
        frames = sum(
            window.stop - window.start
            for step in range(len(settings.sampler.times))
            for window in lay_windows(240, settings.window, step, settings.overlap)
        )
        value = forwards(settings.guidance) * frames / 240
        rows.append(["evaluations_per_frame", case, f"{value:.2f}", "", "", 1, "any", "", ""])
    return rows


def write_clip(frames: int) -> float:
    """Write one toy-size clip, pasted back into an avatar's picture, and return this process's peak memory in MiB."""
    torch.manual_seed(SEED)
    animator = Animator(AniFaceDiff(TOY_SD15).eval().requires_grad_(False), "0" * 64)
    rng = np.random.default_rng(SEED)
    avatar = sample_avatar(SEED, "paint")
    own = avatar.params()
    picture = np.pad(render(avatar, own, 256).picture, ((0, 0), (128, 128), (0, 0)), mode="reflect")
    params = replace(own, camera=(own.camera + np.array([0, 0.5, 0.5], np.float32)) / 2)
    drive = sample_motion(rng, own.shape, 24, 12.5, own.camera).take([index % 24 for index in range(frames)])
    config = AnimateConfig(sampler="lcm", steps=1, mode="absolute", paste_back=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(picture).save(folder / "source.png")
        animator.animate_to(
            folder / "out.mp4", picture, params, drive, Deployment.open(folder / "home"), config=config,
            ingredients=(Ingredient(folder / "source.png", "source.png", "parentOf"),),
        )  # fmt: skip
    return peak_mib()


def peak_mib() -> float:
    """Return the peak memory of this program alone; getrusage would return its parent's where that was larger."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def memory_rows() -> list[list[object]]:
    """Measure the peak memory of a short and a long clip, each in a separate process."""
    peaks = {}
    for frames in LENGTHS:
        command = [sys.executable, "-m", "benchmarks.generator.sd15", "--write-clip", str(frames)]
        peaks[frames] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    rows: list[list[object]] = [
        ["peak_mib", f"{frames} frames", f"{peak:.0f}", "", "", 1, "fp32", "", TOY_SD15.grid]
        for frames, peak in peaks.items()
    ]
    ratio = peaks[LENGTHS[1]] / peaks[LENGTHS[0]]
    return [*rows, ["peak_ratio", "240 to 24 frames", f"{ratio:.3f}", "", "", 1, "fp32", "", TOY_SD15.grid]]


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("sd15", "toy"), default="sd15")
    parser.add_argument("--latent", type=int, default=64, help="height and width of the latent")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtypes", nargs="+", choices=tuple(DTYPES), default=["fp32", "bf16"])
    parser.add_argument("--skip-memory", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("results/sd15_speed.csv"))
    parser.add_argument("--write-clip", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_clip:
        print(write_clip(options.write_clip))
        return
    torch.set_num_threads(options.threads)
    config = SD15 if options.size == "sd15" else replace(TOY_SD15, widths=(64, 128, 256, 256))
    rows = forward_rows(config, options) + evaluation_rows() + ([] if options.skip_memory else memory_rows())
    machine = torch.cuda.get_device_name() if options.device.startswith("cuda") else platform.machine()
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for row in rows:
            writer.writerow([*row, options.size, options.threads, machine])
            print(*row, sep="\t")
    print(f"python -m benchmarks.generator.sd15 {' '.join(sys.argv[1:])}; seed {SEED}")


if __name__ == "__main__":
    main()
