"""Tasks drawn from a known truth: what a method should find is returned beside the data.

``linear`` (ways in which linear tasks are related; ``structures`` has one function each),
``mixture`` (FedEM's clients and what no method can learn), ``language`` (next words by client;
sentences with intent and slots), ``users`` (histories with latent types), ``shifts`` (tasks that
differ in one respect), ``images`` (images whose second task is known), ``heads`` (weights of tasks
whose relation is known). Generators return ``known.Known(tasks, truth)``.

Functions have the names of their modules, so they are imported from there:
``from mtl_lib.data.generated.linear import linear``.
"""
