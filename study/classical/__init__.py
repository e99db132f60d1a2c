"""Experiments of the classical section: linear models of many tasks, under many penalties.

A file an experiment: ``search`` and ``arms`` (what is fitted, and how), ``tables`` and ``results``
(learning curves), ``altered`` (null arms), ``subspaces`` (digits, texts, persons), ``structures``
and ``recovery`` (generated tasks), ``solving`` (certificates, nodes), ``school``.
"""
