"""Render HTML from templates; every value is escaped, whatever a file or its metadata is called."""

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
    """Render a template.

    Args:
        template: Name of the template, without `.html.j2`.
        values: Values of the template.
    """
    return _environment().get_template(f"{template}.html.j2").render(values)


def asset(name: str) -> str:
    """Read a file of the templates' folder.

    Args:
        name: Name of the file.
    """
    return (_TEMPLATES / name).read_text("utf-8")
