"""Build, provenance, verify, site, sweeps: runs notebooks and knows no science.

``parameters`` -> ``plan`` (what is out of date) -> ``build`` (locks, jobs, the swap) -> ``execute``
(one notebook, in its own process) -> ``site`` -> ``verify``. ``environment`` makes .venv.
``sweep`` makes many runs of one section, which ``cluster`` gives to Dask.
"""
