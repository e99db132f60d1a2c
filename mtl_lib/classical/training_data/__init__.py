"""Every form of data that the estimators take, read as one: ``Samples``.

``forms`` splits a TaskSet, lists, one table or a table with task ids into tasks; ``labels`` turns
classes into 0 and 1; ``columns`` compares the columns of frames; ``canonical`` keys random draws
by content, so that names and order do not decide a fold; ``keeping`` keeps what was made of a
TaskSet; ``samples`` puts it together.
"""

from mtl_lib.classical.training_data.canonical import for_folds, stream_names
from mtl_lib.classical.training_data.columns import check_columns
from mtl_lib.classical.training_data.forms import is_list_of_tasks, is_one_table
from mtl_lib.classical.training_data.keeping import kept
from mtl_lib.classical.training_data.samples import FittedTasks, Samples, read

__all__ = [
    "FittedTasks",
    "Samples",
    "check_columns",
    "for_folds",
    "is_list_of_tasks",
    "is_one_table",
    "kept",
    "read",
    "stream_names",
]
