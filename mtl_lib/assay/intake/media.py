"""Images in folders, arrays in an npz file, sentences and data sets, as tasks of plain vectors.

The encoders are small and stated: pictures are scaled to 24 x 24 pixels, sentences are hashed into
512 counts of character 2- to 4-grams; principal components then take their place
(``intake.wide``). Vectors of a better encoder can be given as arrays instead.
"""

from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

from mtl_lib.assay.text import listed, shown
from mtl_lib.tasks import Inputs, Task, TaskSet

SIDE = 24
GRAMS = 512
LABELS = ("label", "labels", "target", "y")  # of entries that are dicts
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


class Pixels:
    """Pictures as vectors: files or arrays (height, width, ...) as ``SIDE`` x ``SIDE`` colours."""

    def __call__(self, pictures) -> np.ndarray:
        """(n, 3 SIDE^2) numbers 0 to 1. Raises ValueError for what is no picture."""
        return np.stack([self._one(picture) for picture in pictures])

    @staticmethod
    def _one(picture) -> np.ndarray:
        try:
            from PIL import Image, UnidentifiedImageError
        except ImportError:
            raise ValueError("reading pictures needs Pillow: pip install pillow") from None
        try:
            opened = picture
            if isinstance(picture, (str, Path)):
                opened = Image.open(picture)
            elif not hasattr(picture, "convert"):
                opened = Image.fromarray(np.asarray(picture))
            small = opened.convert("RGB").resize((SIDE, SIDE))
        except (UnidentifiedImageError, OSError, TypeError) as error:
            raise ValueError(f"{shown(picture)} is no picture: {error}") from None
        return np.asarray(small, float).ravel() / 255


class Grams:
    """Sentences as hashed counts of character n-grams."""

    count = GRAMS

    def __call__(self, sentences) -> np.ndarray:
        """(n, GRAMS) numbers."""
        hasher = HashingVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), n_features=GRAMS, alternate_sign=False
        )
        return hasher.transform([str(sentence) for sentence in sentences]).toarray()


def is_text(X) -> bool:
    """Whether inputs are sentences."""
    first = X[0] if isinstance(X, (list, tuple, np.ndarray)) and len(X) else None
    return isinstance(first, str)


def read_folder(path) -> tuple[TaskSet, Pixels]:
    """Tasks of a folder of pictures, and how they are encoded.

    FOLDER/task/class/picture: a task for each folder, its classes below. FOLDER/class/picture: a
    task for each class, "is it this one?", on the same pictures.

    Raises
    ------
    ValueError
        One line for a folder of another form.
    """
    path = Path(path)
    deep = _pictures(path, "*/*/*")
    flat = _pictures(path, "*/*")
    if bool(deep) == bool(flat):
        what = "no picture" if not deep else "pictures at two depths"
        raise ValueError(
            f"{shown(path.name)}: {what}; expected FOLDER/class/picture or "
            f"FOLDER/task/class/picture ({', '.join(ENDINGS)})"
        )
    encoder = Pixels()
    files = deep or flat
    inputs = Inputs("pictures", encoder(files))
    kinds = np.array([file.parent.name for file in files])
    classes = sorted(set(kinds))
    if len(classes) < 2:
        raise ValueError(f"{shown(path.name)}: one class {shown(classes[0])}, expected two or more")
    if flat:
        tasks = [_task(f"is it {c}?", inputs, kinds == c, range(len(files))) for c in classes]
        return TaskSet(tasks, path.name), encoder
    owners = np.array([file.parent.parent.name for file in files])
    codes = np.searchsorted(classes, kinds)
    loss = "logistic" if len(classes) == 2 else "ce"
    tasks = []
    for owner in sorted(set(owners)):
        rows = np.flatnonzero(owners == owner)
        meta = {"classes": tuple(classes)}
        tasks.append(Task(owner, inputs, rows, codes[rows], loss, meta=meta))
    return TaskSet(tasks, path.name), encoder


def _pictures(path: Path, pattern: str) -> list[Path]:
    return sorted(file for file in path.glob(pattern) if file.suffix.lower() in ENDINGS)


def _task(name: str, inputs: Inputs, positive: np.ndarray, rows) -> Task:
    return Task(name, inputs, np.array(rows), positive.astype(int), "logistic")


def read_npz(path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(X, y, task) of an npz file with arrays of these names; ``Y`` (n, T) needs no task.

    Raises
    ------
    ValueError
        One line for other arrays.
    """
    name = shown(Path(path).name)
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
    except (ValueError, OSError) as error:
        raise ValueError(f"{name}: no npz file of plain arrays: {error}") from None
    lower = {key.lower(): array for key, array in arrays.items()}
    if "x" not in lower or "y" not in lower:
        raise ValueError(f"{name} holds {listed(list(arrays))}: expected arrays X, y and task")
    return lower["x"], lower["y"], lower.get("task")


def pairs_of(dataset, name: str) -> tuple[list, list]:
    """(inputs, labels) of anything with a length that gives (input, label) by index.

    Raises
    ------
    ValueError
        Where it gives something else.
    """
    inputs, labels = [], []
    for k in range(len(dataset)):
        entry = dataset[k]
        if isinstance(entry, dict):
            entry = _label_last(entry)
        if not isinstance(entry, (tuple, list)) or len(entry) != 2:
            raise ValueError(f"task {name!r}: entry {k} is not (input, label)")
        inputs.append(entry[0])
        labels.append(entry[1].item() if hasattr(entry[1], "item") else entry[1])
    return inputs, labels


def _label_last(entry: dict) -> tuple:
    """(input, label) of a dict of two: names say which is the label, or else it comes last."""
    keys = sorted(entry, key=lambda key: str(key).lower() in LABELS)
    return tuple(entry[key] for key in keys)


def encoded(pairs: dict) -> tuple[dict, tuple]:
    """(pairs of arrays, the steps that made them) of pairs with sentences, pictures or arrays."""
    first = next(iter(pairs.values()))[0]
    if is_text(first):
        step = Grams()
    elif len(first) and hasattr(first[0], "convert"):
        step = Pixels()
    else:
        flat = {}
        for name, (X, y) in pairs.items():
            array = np.asarray([np.asarray(x) for x in X], float)
            flat[name] = (array.reshape(len(array), -1), y)
        return flat, ()
    return {name: (step(X), y) for name, (X, y) in pairs.items()}, (step,)
