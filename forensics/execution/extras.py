"""Say which extra of facetrail brings a package that a command needs and that is not installed."""

from __future__ import annotations

from collections.abc import Mapping

EXTRAS: Mapping[str, str] = {
    "jinja2": "full",
    "markupsafe": "full",
    "numba": "full",
    "safetensors": "full",
    "scipy": "full",
    "sklearn": "full",
    "timm": "full",
    "torch": "full",
    "torchvision": "full",
    "ai_edge_litert": "track",
    "diffusers": "sd15",
    "transformers": "sd15",
    "accelerate": "train",
    "tensorboard": "train",
    "gradio": "app",
    "anyio": "serve",
    "starlette": "serve",
    "uvicorn": "serve",
    "pyarrow": "shards",
    "onnxruntime": "onnx",
    "pillow_heif": "heic",
    "psycopg": "postgres",
    "ray": "ray",
}
"""The extra of each package that facetrail itself does without, by the name that is imported."""


def missing_package(error: BaseException) -> str | None:
    """Return one line about a package of an extra that could not be imported; None for every other error.

    Args:
        error: What was raised.
    """
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    extra = EXTRAS.get(name)
    return None if extra is None else f"this needs the package {name}; get it with {command(extra)}"


def command(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"`pip install 'facetrail[{extra}]'`"
