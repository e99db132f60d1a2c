"""Build, provenance, verify, site, sweeps: runs notebooks and knows no science.

``parameters`` -> ``plan`` (what is out of date) -> ``build`` (locks, jobs, the swap) -> ``process``
(one notebook in a process of its own) -> ``execute`` (what that process does) -> ``site`` ->
``verify``. ``environment`` makes .venv. ``sweep`` makes many runs of one section, which ``cluster``
gives to Dask. ``sections`` and ``[tool.suite]`` of pyproject.toml say which study is run.
"""
