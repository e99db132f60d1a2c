"""From raw columns, words and pictures to the inputs and labels of tasks.

``columns`` (tables, one task per group), ``images`` (pairs of classes, principal components),
``triples`` (three classes as two tasks), ``questions`` (four questions about one picture),
``sequences`` (few codes for many ids), ``words`` (codes of words and tags), ``copies`` (groups of
equal rows), ``standins`` (simulated material of the same form).
"""
