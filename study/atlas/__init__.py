"""The atlas: public benchmarks of multi-task learning, every figure with a source that was read.

``load`` joins the two files and refuses one with a fault. ``python -m study.atlas.measure`` counts
and measures what the suite can load.
"""

from study.atlas.entries import Atlas, Difference, Entry, Fact, Loader, Reference
from study.atlas.files import MEASURED, WRITTEN, load

__all__ = [
    "MEASURED",
    "WRITTEN",
    "Atlas",
    "Difference",
    "Entry",
    "Fact",
    "Loader",
    "Reference",
    "load",
]
