"""Federated methods, each written once on the stack: one file per method, ``simulation.simulate`` runs any of them.

``clients`` holds everyone's samples in one tensor, ``method`` says what a method is, ``metrics`` scores it.
"""
