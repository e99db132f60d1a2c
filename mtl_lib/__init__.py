"""Multi-task learning where the definition of a task is explicit: a task is data plus a loss.

``tasks`` holds ``Task``, ``TaskSet`` and ``Inputs``; ``transforms`` changes them; ``data`` loads
and generates task sets; ``classical``, ``federated`` and ``neural`` fit them, the latter two on
``stack``; ``compare`` measures how tasks differ; ``assay`` reads a table of your own. Below all of
them are ``checks`` of arguments, ``splits``, and ``stream``, where every random number comes from.
"""

from typing import TYPE_CHECKING

__version__ = "0.2.0.dev0"
__all__ = ["Inputs", "Task", "TaskSet", "__version__"]

if TYPE_CHECKING:
    from mtl_lib.tasks import Inputs, Task, TaskSet


def __getattr__(name: str):
    """Load the public names on first use: planning a build needs no NumPy."""
    if name not in __all__:
        raise AttributeError(f"module 'mtl_lib' has no attribute {name!r}")
    from mtl_lib import tasks

    return getattr(tasks, name)
