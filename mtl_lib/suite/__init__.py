"""Build, provenance, verify, site, sweeps: runs notebooks and knows no science.

``parameters`` -> ``plan`` (what is out of date) -> ``build`` (locks, jobs, the swap) -> ``execute``
(one notebook, in its own process) -> ``site`` -> ``verify``. ``environment`` makes .venv.
``sweep`` makes many runs of one section, which ``cluster`` gives to Dask.
"""
import sys

# jsonschema, which nbformat and papermill bring, compiles a grammar of international addresses as soon as it is imported: two
# seconds of every notebook's process, for a check that the schema of notebooks does not make. It does without if it finds none.
sys.modules.setdefault("rfc3987_syntax", None)
