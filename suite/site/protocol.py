"""The protocol's page: eight steps, the code that does each, and what it gave on one table.

Words and figures stand in the study's two files, named in ``[tool.suite]``; the study checks them.
"""

from pathlib import Path

from suite import yaml_text
from suite.project import SETTINGS, write_text
from suite.site import templates

NAME = "protocol.html"


def write(home: Path, profile: str) -> None:
    """Write ``protocol.html``, where the study has a protocol.

    Parameters
    ----------
    home : Path
        The results folder.
    profile : str
        What it is called.
    """
    if not there():
        return
    written = yaml_text.of_study("protocol")
    measured = yaml_text.of_study("protocol_measured")
    steps = [
        {
            **step,
            "here": step["here"].format(**measured),
            "rows": measured[step["table"]] if "table" in step else [],
        }
        for step in written["steps"]
    ]
    text = templates.template(f"{NAME}.j2").render(
        title=written["title"], example=written["example"], steps=steps, profile=profile
    )
    write_text(home / NAME, text)


def there() -> bool:
    """Whether the study has a protocol."""
    return "protocol" in SETTINGS
