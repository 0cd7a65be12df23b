"""Turn report contents into one HTML page that needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..errors import ReportError
from .charts import heat_share, histogram_chart, length_shares, roc_chart, tone
from .contents import Estimate, Media, ReportContents

PAGE = "report.html"
_TEMPLATES = Path(__file__).parent / "templates"
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}


def write_page(contents: ReportContents, folder: Path) -> Path:
    """Write `report.html` into a results folder.

    Args:
        contents: What to show.
        folder: The results folder, to which media paths are relative.

    Returns:
        The page.

    Raises:
        ReportError: A media file is missing, of an unknown type or outside the folder.
    """
    page = folder / PAGE
    page.write_text(render_page(contents, folder), "utf-8")
    return page


def render_page(contents: ReportContents, folder: Path) -> str:
    """Render the page as text. Media are embedded byte for byte: an output keeps its mark and its signature.

    Args:
        contents: What to show.
        folder: The folder to which media paths are relative.

    Raises:
        ReportError: A media file is missing, of an unknown type or outside the folder.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _asset("report.js")
    environment.globals.update(
        style=Markup(_asset("report.css")),  # noqa: S704 - our own file, no input in it
        script=Markup(script),  # noqa: S704 - our own file, no input in it
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        embed=lambda media: _embed(media, folder),
        is_clip=lambda media: media.path.lower().endswith(".mp4"),
        roc_chart=roc_chart,
        histogram_chart=histogram_chart,
        length_shares=length_shares,
        heat_share=heat_share,
        tone=tone,
    )
    environment.filters.update(number=lambda value: f"{value:.3f}", interval=_interval)
    return environment.get_template("report.html.j2").render(report=contents)


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return f"{estimate.low:.3f} to {estimate.high:.3f}".replace("-", "−")


def _embed(media: Media, folder: Path) -> str:
    path = (folder / media.path).resolve()
    kind = _TYPES.get(path.suffix.lower())
    if kind is None or not path.is_relative_to(folder.resolve()):
        raise ReportError(f"{media.path}: a report embeds {', '.join(_TYPES)} from its own folder", path)
    if not path.is_file():
        raise ReportError(f"{path} is missing; run the command that made the folder again", path)
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
