"""Archives: how they are pinned, fetched, verified and cached."""

from mtl_lib.data.store.archives import FILES, Pin, pins
from mtl_lib.data.store.cache import (
    READ,
    DataMissing,
    available,
    converted,
    fetch,
    find,
    folder,
    right,
    sha256,
)

__all__ = [
    "FILES",
    "READ",
    "DataMissing",
    "Pin",
    "available",
    "converted",
    "fetch",
    "find",
    "folder",
    "pins",
    "right",
    "sha256",
]
