"""Render report contents as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from forensics.errors import ReportError
from forensics.reporting.charts.heat import size_of
from forensics.storage.files import write_whole

from .blocks import Figure, Media, ReportContents, Table
from .exports import TEMPLATES, as_csv, as_svg, file_name

PAGE = "report.html"
STYLES = ("tokens.css", "page.css", "chart.css")
_LARGEST_DOWNLOAD = 200_000
_LEAST_SCALE = 0.8
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}


def write_page(contents: ReportContents, folder: Path, path: Path | None = None) -> Path:
    """Write a page, whole or not at all.

    Args:
        contents: The content of the report.
        folder: The results folder, to which media paths are relative.
        path: Path of the page; `report.html` in the results folder by default.

    Returns:
        Path of the page.

    Raises:
        ReportError: A media file is missing, of an unknown type or outside the folder, or the page cannot be written.
    """
    path = path or folder / PAGE
    text = render_page(contents, folder, path.name)
    try:
        write_whole(path, lambda part: part.write_text(text, "utf-8"))
    except OSError as error:
        raise ReportError(
            f"{path}: cannot be written ({error.strerror}); choose another place with -o", path
        ) from error
    return path


def render_page(contents: ReportContents, folder: Path, name: str = PAGE) -> str:
    """Render the page as text. Media are embedded byte for byte, so that an output keeps its mark and its signature.

    Args:
        contents: The content of the report.
        folder: The folder to which media paths are relative.
        name: File name of the page, for the command that verifies it.

    Raises:
        ReportError: A media file is missing, of an unknown type or outside the folder.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _asset("page.js")
    environment.globals.update(
        style=Markup("".join(_asset(name) for name in STYLES)),  # noqa: S704 - our own files  # nosec B704
        script=Markup(script),  # noqa: S704 - our own file  # nosec B704
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        embed=partial(_embed, folder=folder),
        is_clip=lambda media: media.path.lower().endswith(".mp4"),
        download=_download,
        least_width=lambda drawn: round(_LEAST_SCALE * size_of(drawn)[0]),
        natural_width=lambda drawn: round(size_of(drawn)[0]),
    )
    return environment.get_template("page.html.j2").render(report=contents, page_name=name)


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _download(piece: Figure | Table) -> Markup:
    """Return a download link for a chart or table that is small enough to be in the page twice."""
    text, kind, word = (
        (as_svg(piece), "image/svg+xml", "SVG") if isinstance(piece, Figure) else (as_csv(piece), "text/csv", "CSV")
    )
    if len(text) > _LARGEST_DOWNLOAD:
        return Markup()
    return Markup('<p class="get"><a download="{}" href="data:{};charset=utf-8,{}">{}</a></p>').format(
        file_name(piece), kind, quote(text), word
    )


def _embed(media: Media, folder: Path) -> str:
    path = (folder / media.path).resolve()
    kind = _TYPES.get(path.suffix.lower())
    if kind is None or not path.is_relative_to(folder.resolve()):
        raise ReportError(f"{media.path}: a report embeds {', '.join(_TYPES)} from its own folder", path)
    if not path.is_file():
        raise ReportError(f"{path} is missing; run the command that made the folder again", path)
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
