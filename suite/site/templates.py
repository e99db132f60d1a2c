"""The look of the site: templates, stylesheet, script, and what sections and figures are called."""

import functools
import shutil
from pathlib import Path

from suite.sections import SECTIONS
from suite.site import material

ASSETS = Path(__file__).parent / "assets"


def assets(home: Path) -> None:
    """Copy stylesheet, script, icon and MathJax beside the pages of ``home``."""
    for source in ASSETS.rglob("*"):
        target = home / "assets" / source.relative_to(ASSETS)
        if source.is_file() and source.suffix != ".j2" and not _same(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


@functools.cache
def _templates():
    import jinja2  # not needed to find that nothing has changed

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def template(name: str):
    """A template of the assets folder; everything it shows is escaped unless marked safe."""
    return _templates().get_template(name)


def title(name: str) -> str:
    """What a section is called: the first line of its class's docstring."""
    return (SECTIONS[name].__doc__ or name).splitlines()[0] if name in SECTIONS else name


def described(figure: str, alt: str, claims: list[dict]) -> str:
    """A figure's alternative text with what came out: every claim it shows, its effect, interval and verdict. A notebook's last figure,
    "claims", shows them all."""
    shown = (
        claims
        if figure.endswith("claims")
        else [claim for claim in claims if claim["figure"] == figure]
    )
    said = [f"{claim['id']}: {material.effect(claim)}, {claim['verdict']}." for claim in shown]
    return " ".join([alt, *said])


def _same(source: Path, target: Path) -> bool:
    return (
        target.is_file()
        and target.stat().st_size == source.stat().st_size
        and target.read_bytes() == source.read_bytes()
    )
