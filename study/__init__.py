"""What this study says: claims and their verdicts, records, parameters of the sections, figures.

``sections`` declares the parameters of every notebook, ``record`` keeps what a notebook finds and
``machine`` what it ran on, ``claims`` and ``stats`` decide, ``plots`` draws, ``sweeps`` reports a
grid of runs.
"""
