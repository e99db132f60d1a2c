"""``make data`` and ``make data-list``: the archives behind the data sets."""

import sys

from mtl_lib.data import sources, store
from suite.project import MISSING, OK


def fetch_all(profile: str) -> int:
    """Fetch every archive of a profile (smoke needs none); one line each, and MISSING if one cannot be had."""
    wanted = {"smoke": (), "default": ("default",), "full": ("default", "full")}[profile]
    cards = [sources.module(name).CARD for name in sources.NAMES]
    spared = {
        name
        for card in cards
        for name in card.archives
        if card.instead in store.pins() and store.find(card.instead)
    }
    code = OK
    for name, pin in store.pins().items():
        if pin.profile not in wanted or name in spared or not (pin.address or pin.version):
            continue
        try:
            print(f"{name} {pin.version}".rstrip() + f": {store.fetch(name)}", flush=True)
        except store.DataMissing as error:
            print(error, file=sys.stderr, flush=True)
            code = MISSING
    return code


def show() -> int:
    """Every data set, whether its archives are in the cache, and how to get what is missing."""
    print(f"cache: {store.folder()}")
    there = {name: bool(store.find(name)) for name in store.pins()}
    for source in sources.NAMES:
        card = sources.module(source).CARD
        missing = [
            name for name in card.archives if not there[name] and not there.get(card.instead)
        ]
        print(f"{source:<12} {'there  ' if not missing else 'missing'}  {card.title}: {card.tasks}")
        for line in _how(missing):
            print(f"{'':<21} {line}")
    return OK


def _how(missing: list[str]) -> list[str]:
    """What to do about archives that are not there."""
    if not missing:
        return []
    pins = [store.pins()[name] for name in missing]
    size, full = sum(pin.megabytes for pin in pins), any(pin.profile == "full" for pin in pins)
    command = "make data PROFILE=full (needs the web)" if full else "make data"
    return [
        f"{command}, {size} MB; or put {', '.join(missing)} into a folder and set MTL_DATA_MIRROR to it"
    ]
