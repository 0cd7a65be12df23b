"""Count the trained parameters of every detector, and write the table: `python -m tools.docs.list_methods`.

Networks are built at full size without memory for their weights, so this takes seconds and needs no weights.
"""

from __future__ import annotations

import csv
from pathlib import Path

import torch

from detectors import list_detectors
from detectors.creation import build_network
from detectors.methods.networks import count_trained

OUT = Path(__file__).parents[2] / "results" / "methods.csv"
NORMALISED = {(0.5, 0.5, 0.5): "0.5", (0.0, 0.0, 0.0): "0, 1", (0.485, 0.456, 0.406): "ImageNet"}


def main() -> None:
    """Write one row for each detector."""
    rows = []
    for spec in list_detectors():
        with torch.device("meta"):
            model = build_network(spec)
        whole = sum(parameter.numel() for parameter in model.parameters())
        whole += sum(buffer.numel() for name, buffer in model.named_buffers() if name.endswith(".main"))
        rows.append(
            {
                "name": spec.name,
                "paper": spec.paper,
                "backbone": spec.backbone,
                "weights": spec.licence,
                "trained": f"{count_trained(model):,}",
                "of": f"{whole / 1e6:.1f} M",
                "crop": f"{spec.input_size} px" + (f" × {spec.frames}" if spec.frames > 1 else ""),
                "margin": f"{spec.crop_margin:g}",
                "mean, std": NORMALISED.get(spec.mean, "CLIP"),
                "fed": spec.recipe.training_source.value,
            }
        )
    with OUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{OUT.name}: {len(rows)} detectors, torch {torch.__version__}")


if __name__ == "__main__":
    main()
