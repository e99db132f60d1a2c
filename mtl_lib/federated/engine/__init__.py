"""What every method runs on.

Data: ``batches``, ``clients``, ``data_checks``. Methods: ``method``, ``state``, ``updates``. Runs:
``settings``, ``arguments``, ``rounds``, ``simulation``. What came out: ``metrics``, ``recovery``;
before it, ``tuning``.
"""
