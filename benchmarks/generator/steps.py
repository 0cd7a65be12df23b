"""Measure how many denoising steps `mini` needs; write results/animate_steps.csv.

Unseen puppets are animated by others' motions with 1 to 4 steps and compared with the true frames, over the frame and
over eyes and mouth. `gain` is the improvement of a number of steps over the default number on the same frames, with the
interval of a bootstrap over identities.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.results_csv import write_rows
from forensics.evaluation.generator_quality import EVALUATION_SEED, draw_truth, regions_of, sample_case
from generator import AnimateConfig, Animator, read_sizes
from generator.inference.animate_config import settle
from generator.picture_metrics import psnr, ssim_map
from generator.puppets import STYLES
from watermark import Deployment

RESULTS = Path("results/animate_steps.csv")
HEADER = [
    "measure", "region", "steps", "value", "gain", "low", "high", "n_identities", "n_frames", "default_steps", "seed",
    "weights",
]  # fmt: skip
STEPS = (1, 2, 3, 4)
REGIONS = ("whole", "eyes", "mouth")
RESAMPLES = 2000


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=12)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--weights", type=Path, help="default: mini, in the package")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    size = read_sizes(options.weights)
    default = len(settle(AnimateConfig(), size).sampler.times)
    animator = Animator.from_pretrained(options.weights)
    values: dict[tuple[str, str, int], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with TemporaryDirectory() as scratch:
        deployment = Deployment.open(Path(scratch))
        for number in range(options.identities):
            case = sample_case(EVALUATION_SEED, number, STYLES, options.frames, size.image_size)
            drive, truth = case.drive.take(range(options.frames)), None
            for steps in STEPS:
                config = AnimateConfig(steps=steps, mode="absolute", seed=number)
                clip = animator.animate(case.picture, case.params, drive, deployment, config=config)
                truth = truth or draw_truth(case, clip.aligned)
                for frame, true in zip(clip.frames, truth.frames, strict=True):
                    similarity = ssim_map(frame, true.image)
                    for region, where in regions_of(true.labels):
                        values["psnr_db", region, steps][number].append(psnr(frame, true.image, where))
                        values["ssim", region, steps][number].append(float(similarity[where].mean()))
            print(f"{number + 1} of {options.identities}", file=sys.stderr, flush=True)
    rng = np.random.default_rng(EVALUATION_SEED)
    rows = []
    for measure, region in product(("psnr_db", "ssim"), REGIONS):
        people = sorted(values[measure, region, default])
        drawn = rng.integers(len(people), size=(RESAMPLES, len(people)))
        for steps in STEPS:
            found = values[measure, region, steps]
            level = np.array([np.mean(found[person]) for person in people])
            gains = level - [np.mean(values[measure, region, default][person]) for person in people]
            low, high = np.percentile(gains[drawn].mean(1), [2.5, 97.5])
            frames = sum(len(found[person]) for person in people)
            numbers = [f"{value:.4f}" for value in (level.mean(), gains.mean(), low, high)]
            rows.append([
                measure, region, steps, *numbers, len(people), frames, default, EVALUATION_SEED,
                (clip.claim.model_digest or "")[:12],
            ])  # fmt: skip
            print(*rows[-1])
    write_rows(options.out, HEADER, rows)


if __name__ == "__main__":
    main()
