"""The reader's own tasks: a table is read, measured, and advice is given."""

from mtl_lib.assay.cells import TableError
from mtl_lib.assay.table import Column, Table, read

__all__ = ["Column", "Table", "TableError", "read"]
