"""The templates of the pages."""

from pathlib import Path

import jinja2

from .text import breakable, clipped, tied

_TEMPLATES = Path(__file__).parent / "templates"


def template(name: str) -> jinja2.Template:
    """A template that escapes what it is given and fails at a name it is not given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"tied": tied, "breakable": breakable, "clipped": clipped}
    return environment.get_template(name)
