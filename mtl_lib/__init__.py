"""How tasks and data distributions are defined in multi-task learning: the library behind the notebooks.

Imports run one way: ``stream`` <- ``splits`` <- ``tasks`` <- ``data`` <- ``classical`` <- notebooks;
``stats``, ``claims``, ``record``, ``plots`` and ``suite`` import no method.
"""
