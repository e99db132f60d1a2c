"""The sections of the study that this runner runs: typed parameters of every notebook, by name.

``[tool.suite]`` of pyproject.toml names the module; the runner knows nothing else of the study.
"""

import importlib

from suite.project import SETTINGS

SECTIONS = importlib.import_module(SETTINGS["sections"]).SECTIONS
