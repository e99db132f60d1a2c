"""The reader's own tasks: a table is read, measured, and advice is given."""

from mtl_lib.assay.inputs import Column
from mtl_lib.assay.labels import TARGET_LOSSES
from mtl_lib.assay.table import Table, read
from mtl_lib.assay.text import TableError

__all__ = ["TARGET_LOSSES", "Column", "Table", "TableError", "read"]
