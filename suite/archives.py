"""``make data`` and ``make data-list``: the archives behind the data sets."""

import sys

from mtl_lib.data import sources, store
from suite.project import MISSING, OK

# What a profile fetches, by the profile of the archives' pins.
WANTED = {"smoke": (), "default": ("default",), "full": ("default", "full")}


def fetch_all(profile: str) -> int:
    """Fetch every archive of a profile, one line each.

    Parameters
    ----------
    profile : str
        smoke needs none.

    Returns
    -------
    int
        The exit code: MISSING if one cannot be had.
    """
    spared = _spared()
    code = OK
    for name, pin in store.pins().items():
        can_be_had = pin.address or pin.version
        if pin.profile not in WANTED[profile] or name in spared or not can_be_had:
            continue
        try:
            print(f"{name} {pin.version}".rstrip() + f": {store.fetch(name)}", flush=True)
        except store.DataMissing as error:
            print(error, file=sys.stderr, flush=True)
            code = MISSING
    return code


def _spared() -> set[str]:
    """Archives that are not needed, because what stands in for them is there."""
    spared = set()
    for source in sources.NAMES:
        card = sources.module(source).CARD
        if card.instead in store.pins() and store.find(card.instead):
            spared |= set(card.archives)
    return spared


def show() -> int:
    """Every data set, whether its archives are in the cache, and how to get what is missing."""
    print(f"cache: {store.folder()}")
    there = {name: bool(store.find(name)) for name in store.pins()}
    for source in sources.NAMES:
        card = sources.module(source).CARD
        missing = [] if there.get(card.instead) else [a for a in card.archives if not there[a]]
        state = "missing" if missing else "there  "
        print(f"{source:<12} {state}  {card.title}: {card.tasks}")
        if missing:
            print(f"{'':<21} {_how(missing)}")
    return OK


def _how(missing: list[str]) -> str:
    """What to do about archives that are not there."""
    pins = [store.pins()[name] for name in missing]
    size = sum(pin.megabytes for pin in pins)
    full = any(pin.profile == "full" for pin in pins)
    command = "make data PROFILE=full (needs the web)" if full else "make data"
    names = ", ".join(missing)
    return f"{command}, {size} MB; or put {names} into a folder and set MTL_DATA_MIRROR to it"
