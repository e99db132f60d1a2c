"""The reader's own tasks: what relating them buys is measured on them, and a model handed over."""

from mtl_lib.assay.inputs import Column
from mtl_lib.assay.labels import TARGET_LOSSES
from mtl_lib.assay.results.report import Report
from mtl_lib.assay.run import assay
from mtl_lib.assay.table import Table, read
from mtl_lib.assay.text import TableError

__all__ = ["TARGET_LOSSES", "Column", "Report", "Table", "TableError", "assay", "read"]
