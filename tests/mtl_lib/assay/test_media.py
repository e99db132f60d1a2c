"""Not tables: pictures in folders, arrays in a file, sentences, data sets of any library."""

import importlib
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_wine

from mtl_lib.assay import assay
from mtl_lib.assay.console import main
from mtl_lib.assay.fitting import networks
from mtl_lib.assay.fitting.arms import APART, BOOSTING, JOINT, NETWORKS, NULL
from mtl_lib.assay.fitting.cells import Scale
from mtl_lib.assay.fitting.folds import place
from mtl_lib.assay.results import words
from mtl_lib.stream import stream


def draw_pictures(folder, owners=("",), classes=("dark", "light"), count=10):
    """Noise about a grey level that says the class."""
    rng = stream(0, "test-pictures")
    for owner in owners:
        for k, name in enumerate(classes):
            place = folder / owner / name
            place.mkdir(parents=True)
            for j in range(count):
                noise = rng.integers(0, 90, (12, 12, 3)) + 80 * k
                Image.fromarray(noise.astype(np.uint8)).save(place / f"{j}.png")
    return folder


def test_a_folder_of_classes(tmp_path, capsys):
    folder = draw_pictures(tmp_path / "p", classes=("a", "b", "c"))
    assert main([str(folder), "--out", str(tmp_path)]) == 0
    assert "Too few tasks to tell: 3 tasks" in capsys.readouterr().out
    assert (tmp_path / "p-assay.html").is_file()


def test_a_folder_of_tasks_of_classes_predicts_new_pictures(tmp_path):
    folder = draw_pictures(tmp_path / "p", owners=("x", "y", "z"))
    report = assay(folder)
    assert report.outcome.names == ("x", "y", "z")
    assert "1728 inputs became" in " ".join(report.notes)
    files = sorted(folder.glob("x/*/*.png"))
    said = report.model.predict(files, "x")
    assert np.mean(said == [file.parent.name for file in files]) > 0.9


def test_networks_are_arms_beside_the_linear_ones(tmp_path):
    folder = draw_pictures(tmp_path / "p", owners=tuple("uvwxyz"), count=8)
    report = assay(folder)
    errors = report.gains.query("share == share.max()").set_index("arm")["error"]
    assert set(NETWORKS) < set(errors.index) and errors[[*NETWORKS]].max() < 0.3  # a coin: 0.69
    assert "small network with a shared trunk" in report.to_dict()["networks"]
    assert np.isfinite(report.gain(JOINT, APART).value)
    problem = report.source.problem
    again = networks.run(problem, Scale.of(problem), place(problem, 0), 0)
    for arm in NETWORKS:  # one seed, one answer
        assert np.array_equal(again.sums[arm], report.outcome.networks.sums[arm])
    with pytest.raises(ValueError, match="measured, not handed over"):
        report.model_of(JOINT)
    page = report.to_html(tmp_path / "page.html").read_text()
    assert page.count("shared trunk") > 3


def test_the_first_line_names_what_beats_linear_models():
    gains = {BOOSTING: (0.1, 1), JOINT: (0.3, 1), APART: (0.9, 0)}  # value, whether it is clear

    class Known:
        """What is known of some arms."""

        def __init__(self, *arms):
            self.arms = arms

        def gain(self, arm, over):
            value, clear = gains[arm]
            return SimpleNamespace(value=value, clear=clear)

    assert words.winner_beyond(Known(BOOSTING, JOINT, APART))[0] == JOINT
    assert words.winner_beyond(Known(BOOSTING, APART))[0] == BOOSTING
    assert words.winner_beyond(Known(APART)) is None and words.winner_beyond(Known()) is None


def test_a_component_far_out_is_no_typing_error():
    X = stream(0, "test-far").standard_normal((150, 2, 2))
    X[7] = 1e4
    report = assay((X, X[:, 0, 0].clip(-1, 1)), task=np.arange(150) % 6)
    assert not any("far outside" in line for line in report.warnings)
    plain = assay((X.reshape(150, 4), X[:, 0, 0].clip(-1, 1)), task=np.arange(150) % 6)
    assert any("far outside" in line for line in plain.warnings)


def test_networks_gain_nothing_from_tasks_that_share_nothing_and_something_from_equal_ones():
    rng = stream(3, "test-networks")
    X = rng.standard_normal((8 * 30, 3, 2))
    task = np.repeat(np.arange(8), 30)
    rules = rng.standard_normal((8, 6))
    gains = {}
    for name, rule in (("equal", np.zeros(8, int)), ("own", np.arange(8))):
        z = np.einsum("nd,nd->n", X.reshape(len(X), -1), rules[rule[task]])
        report = assay((X, (z > 0).astype(int)), task=task)
        gains[name] = report.gain(JOINT, NULL)
    assert gains["equal"].clear == 1
    assert gains["own"].clear < 1


def test_networks_are_left_out_of_tables_and_where_a_task_has_too_few_rows(tmp_path):
    rng = stream(0, "test-few")
    X = rng.standard_normal((16, 2, 2))
    report = assay((X, X[:, 0, 0]), task=np.arange(16) % 8)  # two rows a task: some parts have none
    assert report.outcome.networks is None and "no networks" in " ".join(report.notes)
    flat = assay((X.reshape(16, 4), X[:, 0, 0]), task=np.arange(16) % 8)
    assert flat.outcome.networks is None and "no networks" not in " ".join(flat.notes)


def test_arrays_in_a_file(tmp_path):
    rng = stream(0, "test-npz")
    X = rng.standard_normal((80, 3, 4))
    task = np.repeat(np.arange(8), 10)
    y = X[:, 0, 0] + rng.standard_normal(8)[task]
    np.savez(tmp_path / "a.npz", X=X, y=y, task=task)
    report = assay(tmp_path / "a.npz")
    assert len(report.outcome.names) == 8 and len(report.model.columns) == 12
    np.savez(tmp_path / "b.npz", Z=X, y=y)
    with pytest.raises(ValueError, match="expected arrays X, y and task"):
        assay(tmp_path / "b.npz")


def sentences(good, count, rng):
    words = ["fine", "great", "lovely"] if good else ["awful", "poor", "dreadful"]
    return [f"a {rng.choice(words)} {rng.choice(['film', 'book', 'day'])}" for _ in range(count)]


def test_sentences_and_data_sets():
    rng = stream(0, "test-sentences")

    class Reviews:
        """A data set as other libraries have them: a length, and (input, label) by index."""

        def __init__(self):
            texts = [sentences(good, 8, rng) for good in (False, True)]
            self.entries = [(text, k) for k in (0, 1) for text in texts[k]]

        def __len__(self):
            return len(self.entries)

        def __getitem__(self, k):
            return self.entries[k]

    report = assay({name: Reviews() for name in ("film", "book", "shop")})
    assert report.outcome.metric == "log-loss"
    assert report.model.predict(["a great day", "a dreadful day"], "film").tolist() == ["1", "0"]


class Splits(dict):
    """A dict of data sets that names the columns of each, as Hugging Face's does."""

    @property
    def column_names(self):
        return {name: ["label", "text"] for name in self}


def test_of_entries_with_names_the_label_is_known_by_its_name():
    rng = stream(0, "test-entries")
    splits = Splits()
    for name in ("film", "book", "shop"):
        said = [(text, k) for k in (0, 1) for text in sentences(k, 8, rng)]
        splits[name] = Entries([{"label": k, "text": text} for text, k in said])
    model = assay(splits).model
    assert model.predict(["a great day", "a dreadful day"], "film").tolist() == ["1", "0"]


class Entries:
    """What has a length and entries by index, and nothing else."""

    def __init__(self, entries):
        self.entries = entries

    def __len__(self):
        return len(self.entries)

    def __getitem__(self, k):
        return self.entries[k]


def test_data_sets_of_torch_are_tasks():
    torch = pytest.importorskip("torch")
    rng = stream(0, "test-torch")
    sets = {}
    for k in range(6):
        X = torch.tensor(rng.standard_normal((12, 1, 3, 3)), dtype=torch.float32)
        sets[f"site {k}"] = torch.utils.data.TensorDataset(X, X[:, 0, 0, 0] + k)
    report = assay(sets)
    assert len(report.outcome.names) == 6 and len(report.model.columns) == 9
    assert report.outcome.metric == "nMSE"
    subset = {name: torch.utils.data.Subset(own, range(8)) for name, own in sets.items()}
    assert assay(subset).outcome.sizes.tolist() == [8] * 6


@pytest.fixture
def opinions():
    """A table of three shops: a sentence, a number that says nothing, and what people thought."""
    rng = stream(1, "test-opinions")
    rows = []
    for shop in ("a", "b", "c"):
        for good in (False, True):
            rows += [(shop, text, good) for text in sentences(good, 12, rng)]
    frame = pd.DataFrame(rows, columns=["shop", "said", "good"])
    frame["age"] = rng.integers(20, 60, len(frame))
    frame.loc[3, "said"] = None
    return frame


def test_a_text_column_becomes_inputs_beside_the_others(opinions, tmp_path, capsys):
    report = assay(opinions, "good", "shop", text="said")
    assert report.model.columns[:2] == ("age", "said 1")
    assert "hashed counts" in " ".join(report.notes)
    new = pd.DataFrame({"shop": "b", "said": ["a great day", "a poor film"], "age": 30})
    assert report.model.predict(new).tolist() == ["True", "False"]
    assert set(NETWORKS) < set(report.outcome.arms)
    with pytest.raises(ValueError, match="no column 'said'"):
        report.model.predict(new.drop(columns="said"))
    with pytest.raises(ValueError, match="no column 'sayd'; did you mean 'said'"):
        assay(opinions, "good", "shop", text="sayd")
    opinions.to_csv(tmp_path / "o.csv", index=False)
    words = [str(tmp_path / "o.csv"), "--task", "shop", "--target", "good", "--text", "said"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    assert report.summary in capsys.readouterr().out
    assert "hashed counts" in (tmp_path / "o-assay.html").read_text()


def test_sentences_can_be_the_only_input_and_lie_in_several_files(opinions, tmp_path):
    alone = opinions.drop(columns="age")
    report = assay(alone, "good", "shop", text="said")
    assert report.model.columns[0] == "said 1"
    paths = []
    for shop, own in alone.groupby("shop"):
        paths.append(tmp_path / f"{shop}.csv")
        own.drop(columns="shop").to_csv(paths[-1], index=False)
    assert assay(paths, "good", text="said").outcome.names == ("file a", "file b", "file c")


def test_a_bunch_and_a_data_set_with_columns():
    wine = load_wine()
    ids = np.arange(len(wine.target)) % 4
    assert len(assay(wine, task=ids).outcome.names) == 4

    class Columns(dict):
        column_names = ("site", "x", "y")

    rows = np.arange(60)
    data = Columns(site=rows % 6, x=rows * 7 % 13, y=(rows * 5 % 17) / 2)
    assert len(assay(data, "y", "site").outcome.names) == 6


@pytest.mark.parametrize(
    "make, line",
    [
        (lambda f: f.mkdir(), "no picture"),
        (lambda f: draw_pictures(f, classes=("one",)), "one class 'one'"),
    ],
)
def test_what_is_no_folder_of_pictures_is_one_line(make, line, tmp_path):
    make(tmp_path / "p")
    with pytest.raises(ValueError, match=line):
        assay(tmp_path / "p")


def test_a_file_that_is_no_picture_is_named(tmp_path):
    folder = draw_pictures(tmp_path / "p")
    (folder / "dark" / "bad.png").write_text("no picture")
    with pytest.raises(ValueError, match="bad.png"):
        assay(folder)


def test_the_console_script_is_there_and_refuses_in_one_line(tmp_path, capsys):
    project = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text())
    module, _, name = project["project"]["scripts"]["mtl-assay"].partition(":")
    command = getattr(importlib.import_module(module), name)
    table = tmp_path / "t.csv"
    table.write_text("s,x,y\n1,2,3\n1,3,4\n2,4,5\n2,5,7\n3,4,1\n")
    assert command([str(table), "--target", "y", "--task", "s"]) == 2
    assert command([str(table)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "too few" in lines[0] and "--target" in lines[1]
