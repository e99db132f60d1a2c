"""``make sweep``: a grid of parameters and seeds over one section, as one table and one figure.

Every point is the run that ``make SECTION PROFILE=... SET=...`` makes, in the same folder and under
the same lock, so that points are cached like any run and a sweep goes on where it was left. Dask
(``cluster``) only decides which point runs where. What a sweep leaves in ``results/sweeps/NAME/``:

- ``points.csv``: one row per point and metric: the grid's parameters, seed, metric, value, n, run
  (its folder), provenance (hash of the inputs in the run's provenance.json: cells, parameters,
  code, lock, data)
- ``failures.csv``: the points without a result and why, if there are any
- ``figure.*``: one metric against the first parameter of the grid: mean over seeds, 95 % interval
  (Student's t over seeds)
"""

from suite.sweep.run import main

__all__ = ["main"]
