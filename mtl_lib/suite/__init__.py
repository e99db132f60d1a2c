"""Build, provenance, verify, site: runs notebooks and knows no science.

``parameters`` -> ``plan`` (what is out of date) -> ``build`` (locks, jobs, the swap) -> ``execute``
(one notebook, in its own process) -> ``site`` -> ``verify``. ``environment`` makes .venv.
"""
