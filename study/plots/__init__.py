"""Arrays in, Figure out: nothing here trains, loads or writes.

``style`` is the look of every figure. ``curves``, ``samples``, ``paired`` and ``maps`` serve
several sections, ``solving``, ``structures`` and ``versus`` section 1, ``federated`` and ``mocha``
section 2, ``neural`` section 3, ``sweeps`` the report of a grid of runs.
"""
