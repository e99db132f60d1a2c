"""Tasks drawn from a known truth: what a method should find is returned beside the data.

``linear`` (ways in which linear tasks are related), ``mixture`` (FedEM's clients and what no method
can learn), ``language`` (next words by client; sentences with intent and slots), ``users`` (histories
with latent types), ``shifts`` (tasks that differ in one respect), ``images`` (images whose second task is
known). Every generator returns ``known.Known(tasks, truth)``.
"""
