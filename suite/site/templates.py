"""The look of the site: templates, stylesheet, script, and what sections and figures are called."""

import functools
import shutil
from pathlib import Path

from suite.project import SETTINGS
from suite.sections import SECTIONS
from suite.site import sentences

ASSETS = Path(__file__).parent / "assets"
PAGES = ("chooser", "protocol", "atlas")  # of a study that has them; every page leads there


def assets(home: Path) -> None:
    """Copy stylesheet, script, icon and MathJax beside the pages of a results folder."""
    for source in ASSETS.rglob("*"):
        target = home / "assets" / source.relative_to(ASSETS)
        if source.is_file() and source.suffix != ".j2" and not _same(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _same(source: Path, target: Path) -> bool:
    """Whether two files have the same bytes."""
    if not target.is_file() or target.stat().st_size != source.stat().st_size:
        return False
    return target.read_bytes() == source.read_bytes()


@functools.cache
def _templates():
    import jinja2  # not needed to find that nothing has changed

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.globals["links"] = {name: name in SETTINGS for name in PAGES}
    return made


def template(name: str):
    """A template of the assets folder; everything it shows is escaped unless marked safe."""
    return _templates().get_template(name)


def stamped(path: Path, stamp: str) -> bool:
    """Whether a page is there and bears the stamp of what it would be made of now."""
    return path.is_file() and f'content="{stamp}"' in path.read_text()


def title(name: str) -> str:
    """What a section is called: the first line of its class's docstring."""
    if name not in SECTIONS:
        return name
    return (SECTIONS[name].__doc__ or name).splitlines()[0]


def described(figure: str, alt: str, claims: list[dict]) -> str:
    """A figure's alternative text with what came out.

    Parameters
    ----------
    figure : str
        Its name. A notebook's last figure, "claims", shows all claims.
    alt : str
        What the notebook says.
    claims : list of dict
        Rows of claims.json.

    Returns
    -------
    str
        The text, and every claim the figure shows with its gain, interval and verdict.
    """
    every = figure.endswith("claims")
    shown = [claim for claim in claims if every or claim["figure"] == figure]
    said = [f"{claim['id']}: {sentences.effect(claim)}, {claim['verdict']}." for claim in shown]
    return " ".join([alt, *said])
