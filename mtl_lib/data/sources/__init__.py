"""Every source by name: one module each, with ``CARD``, ``load()`` and ``standin(seed)``."""

from mtl_lib.data.sources.catalogue import NAMES, card, load, module, standin

__all__ = ["NAMES", "card", "load", "module", "standin"]
