"""Trains the trunk, twenty minutes on one core: ``MTL_DATA_MIRROR=FOLDER python -m study.trunk``.

FOLDER holds cifar100.npz. With ``python -m suite.arithmetic`` before it, the arithmetic is that of
the published weights. ``--epochs 1 --classes 8 --out OTHER`` is a small run that replaces nothing.
``--measure`` trains nothing: it measures the weights that are there.
"""

import argparse
import json
from pathlib import Path

import torch

from study.trunk import images, measuring, training
from study.trunk.classes import SEEN
from study.trunk.kept import HERE, saved

EPOCHS = 40
SEED = 7


def main(words: list[str] | None = None) -> None:
    """Train, write the weights, and say how good they are."""
    parser = argparse.ArgumentParser(prog="study.trunk")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--classes", type=int, default=len(SEEN))
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    dealt = images.dealt(*images.load(), SEED)
    train, test = (images.first(part, options.classes) for part in dealt)
    path = options.out / "weights.npz"
    if not options.measure:
        net = training.trained(train, options.classes, options.epochs, SEED, _told)
        saved(net.folded(), path)
    found = {"epochs": options.epochs, "seed": SEED} | measuring.facts(path, train, test)
    (options.out / "trunk.json").write_text(json.dumps(found, indent=1) + "\n")
    _told(json.dumps(found))


def _told(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
