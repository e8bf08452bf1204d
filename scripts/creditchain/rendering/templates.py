"""The templates of pages: Jinja2 escapes every value, and a name that is missing is an error."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from creditchain.rendering.errors import not_installed

if TYPE_CHECKING:
    import jinja2


def template(name: str) -> jinja2.Template:
    """The template in a file of `data`, such as `reports/report.html`. Raises RenderingError without the library."""
    return environment().get_template(name)


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The one environment of all templates. Raises RenderingError without the library."""
    try:
        import jinja2
    except ImportError:
        raise not_installed("HTML", "Jinja2") from None
    loader = jinja2.FunctionLoader(lambda name: read(name).decode())
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False)


def read(name: str) -> bytes:
    """A file of `data`."""
    return files("creditchain").joinpath("data", *name.split("/")).read_bytes()
