"""HTML pieces from templates; every value is escaped, whatever a file or its metadata is called."""

from __future__ import annotations

import functools
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: object) -> str:
    """Fill a template in.

    Args:
        template: Its name, without `.html.j2`.
        values: What it shows.
    """
    return _environment().get_template(f"{template}.html.j2").render(values)


def asset(name: str) -> str:
    """Read a file beside the templates.

    Args:
        name: Its name.
    """
    return (_TEMPLATES / name).read_text("utf-8")
