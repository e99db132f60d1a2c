"""Every figure of the atlas has a source, and what the suite can load is what it says."""

import copy
import re

import numpy as np
import pytest
from ruamel.yaml import YAML

from mtl_lib import compare
from mtl_lib.data import grouped, sources
from study import atlas
from study.atlas import faults, measure, steps, vocabulary

RAW = YAML(typ="safe", pure=True).load(atlas.WRITTEN.read_text())
MEASURED = YAML(typ="safe", pure=True).load(atlas.MEASURED.read_text())
ATLAS = atlas.load()
LOADABLE = [entry for entry in ATLAS.entries if entry.loader]
BY_ID = {entry.id: entry for entry in ATLAS.entries}
# What a reader looks for first, as the names of entries have them.
NAMED = """School|Landmine|SARCOS|Parkinson|Computer survey|FEMNIST \\(LEAF|Shakespeare \\(LEAF
Sent140|CelebA by person|Reddit|Synthetic \\(LEAF|Fed-Camelyon16|Fed-LIDC-IDRI|Fed-IXI
Fed-TCGA-BRCA|Fed-KiTS19|Fed-ISIC2019|Fed-Heart-Disease|FedScale|FLAIR|Human Activity|Google Glass
Vehicle sensor|FEMNIST as in FedEM|EMNIST as in FedEM|CIFAR-10 as in FedEM|CIFAR-100 as in FedEM
Shakespeare as in FedEM|FedEM's synthetic|CIFAR-10 by Dirichlet|Office-31|Office-Home
Office-Caltech|DomainNet|PACS|Multi-MNIST|CelebA, 40|NYUv2|Cityscapes|Taskonomy|PASCAL-Context
QM9|CIFAR-100, superclasses|GLUE|decaNLP|ATIS|SNIPS|CoNLL|MovieLens|AliExpress|Ali-CCP
Census-income""".replace("\n", "|").split("|")


def entry(**changes):
    """A small file of one sound entry, with changes to it; a change to None takes a key out."""
    sound = {
        "id": "a",
        "name": "A",
        "task": "a school",
        "readings": ["1"],
        "partition": "natural",
        "terms": "not found",
        "facts": {"tasks": {"is": 3, "source": "s", "says": "three schools"}},
    }
    sound = {key: value for key, value in (sound | changes).items() if value is not None}
    return {"sources": {"s": {"what": "S", "address": "https://a.org/b"}}, "entries": [sound]}


def fact(value, **more):
    return {"is": value, "source": "s", **more}


def test_the_file_has_no_fault():
    assert faults.find(RAW) == []


@pytest.mark.parametrize("name", NAMED)
def test_every_set_that_a_reader_looks_for_is_there(name):
    assert any(re.search(name, entry.name) for entry in ATLAS.entries)


def test_every_source_of_the_suite_has_an_entry():
    named = {entry.loader.source for entry in LOADABLE}
    assert named == {*sources.NAMES, *vocabulary.OTHER_LOADERS}
    options = [entry.loader.options for entry in LOADABLE if entry.loader.source == "grouped"]
    assert {option["name"] for option in options} == set(grouped.TABLES)
    assert {entry.loader.step for entry in LOADABLE} == {*vocabulary.STEPS} == {"", *steps.STEPS}


def test_every_reading_and_partition_has_entries():
    assert {r for entry in ATLAS.entries for r in entry.readings} == {*vocabulary.READINGS}
    assert {entry.partition for entry in ATLAS.entries} == {*vocabulary.PARTITIONS}


def test_every_entry_has_a_trap():
    assert [entry.id for entry in ATLAS.entries if not entry.traps] == []


FIGURES = [
    (raw["id"], name, raw["facts"][name])
    for raw in RAW["entries"]
    for name in vocabulary.COUNTS
    if name in raw["facts"]
]
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def plain(text):
    """Text with the commas in thousands taken out."""
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)


def stands_in(value, words) -> bool:
    """Whether a number is said, in digits, in a word, as "1.3M", or as a list of so many."""
    said = plain(words)
    numbers = {float(digits) for digits in re.findall(r"\d+(?:\.\d+)?", said)}
    for digits, unit in re.findall(r"(\d+(?:\.\d+)?) ?(K|M|million)\b", said):
        numbers.add(round(float(digits) * (1_000 if unit == "K" else 1_000_000)))
    numbers |= {WORDS.index(word) + 1 for word in re.findall(r"\w+", said) if word in WORDS}
    numbers.add(len(re.split(r", | \+ | and |; ", words)))
    return value in numbers


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f"{f[0]}-{f[1]}")
def test_a_figure_stands_in_what_is_quoted_or_follows_from_it(figure):
    *_, told = figure
    assert told.get("how") or stands_in(told["is"], told["says"])


SUMS = [
    figure
    for figure in FIGURES
    if re.fullmatch(r"(mean of )?[\d,]+( (\+|x|/|and) [\d,]+)+", figure[2].get("how", ""))
]


@pytest.mark.parametrize("figure", SUMS, ids=lambda f: f"{f[0]}-{f[1]}")
def test_what_is_said_to_follow_does(figure):
    *_, told = figure
    numbers = [int(digits) for digits in re.findall(r"\d+", plain(told["how"]))]
    if "mean of" in told["how"]:
        assert told["is"] == np.mean(numbers)
    elif " x " in told["how"]:
        assert told["is"] == np.prod(numbers)
    else:
        assert told["is"] == sum(numbers)


def test_sums_are_among_the_figures():
    assert len(SUMS) > 40


@pytest.mark.parametrize(
    "value, words, right",
    [
        (3400, "3,400 users", True),
        (3400, "3,450 users", False),
        (4, "four products", True),
        (1_300_000, "13,771, 1.3M", True),
        (84_000_000, "84 million samples", True),
        (3, "Sem. Seg., Depth, Normals", True),
        (5, "Sem. Seg., Depth, Normals", False),
    ],
)
def test_what_counts_as_said(value, words, right):
    assert stands_in(value, words) == right


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"task": None}, "entry 'a': task is missing"),
        ({"colour": "red"}, "entry 'a': unknown key 'colour'"),
        ({"name": ""}, "entry 'a': name '', expected text"),
        ({"readings": []}, "readings [], expected a list"),
        ({"readings": ["4"]}, "readings '4', allowed are 1, 2, 3.1 same inputs"),
        ({"partition": "random"}, "partition 'random', allowed are natural, made"),
        ({"terms": "MIT"}, "terms 'MIT', allowed are open"),
        ({"terms": "open"}, "terms 'open', but a licence is not there"),
        ({"facts": {"licence": fact("MIT", says="MIT")}}, "but a licence is there"),
        ({"facts": {"licence": fact("MIT")}, "terms": "open"}, "not what the source says"),
        ({"facts": {"tasks": fact(3)}}, "facts.tasks: 3 without what the source says"),
        ({"facts": {"tasks": fact("3", says="3")}}, "'3', expected a positive whole number"),
        ({"facts": {"tasks": fact(0, says="0")}}, "0, expected a positive whole number"),
        ({"facts": {"tasks": fact(True, says="1")}}, "True, expected a positive whole number"),
        ({"facts": {"total": fact(1.5, says="1.5")}}, "1.5, expected a positive whole number"),
        ({"facts": {"median": fact(-1, says="-1")}}, "-1, expected a positive number"),
        ({"facts": {"tasks": 3}}, "facts.tasks: 3, expected is and source"),
        ({"facts": {"size": fact(3)}}, "facts.size: unknown fact, allowed are tasks"),
        ({"facts": {"inputs": fact("28 x 28")}}, "'28 x 28' has a figure"),
        ({"facts": {"inputs": fact("")}}, "'', expected text"),
        ({"facts": {"inputs": fact("x", note="y")}}, "allowed are is, source, says, how"),
        ({"facts": {"inputs": {"is": "x", "source": "t"}}}, "source 't' is not listed"),
        ({"traps": [fact("cut to 60")]}, "traps[0]: 'cut to 60' has a figure"),
        ({"address": "a.org"}, "address 'a.org', expected http(s)://"),
        ({"address": "https://a b.org"}, "expected http(s)://"),
        (
            {"loader": {"source": "none"}, "terms": "open", "facts": {}},
            "source must be one of exam",
        ),
        ({"loader": {"source": "exam"}, "terms": "open"}, "facts.tasks is written, expected none"),
        (
            {"loader": {"source": "exam", "step": "cut"}, "terms": "open", "facts": {}},
            "loader.step 'cut', allowed are class pairs, dirichlet",
        ),
        (
            {"facts": {"smallest": fact(9, says="9"), "largest": fact(5, says="5")}},
            "smallest 9 is more than largest 5",
        ),
        (
            {
                "facts": {
                    name: fact(value, says=str(value))
                    for name, value in zip(vocabulary.COUNTS, (3, 100, 5, 6, 7), strict=True)
                }
            },
            "total 100, but tasks and sizes say 15 to 21",
        ),
    ],
)
def test_a_fault_is_one_line(changes, fault):
    lines = faults.find(entry(**changes))
    assert any(fault in line for line in lines), lines
    assert all("\n" not in line for line in lines)


def test_a_sound_entry_has_no_fault():
    assert faults.find(entry()) == []


def test_faults_of_the_whole_file():
    twice = entry()
    twice["entries"] *= 2
    twice["sources"]["t"] = {"what": "", "address": "tests/nowhere.py"}
    lines = "\n".join(faults.find(twice))
    for fault in (
        "entry 'a': 2 times",
        "source 't': what is empty",
        "source 't': no fact names it",
    ):
        assert fault in lines
    assert "sources and entries" in faults.find(["a"])[0]
    assert "expected keys" in faults.find({**entry(), "entries": ["a"]})[0]


def test_a_file_with_faults_is_refused_with_all_of_them(tmp_path):
    broken = copy.deepcopy(RAW)
    broken["entries"][1]["partition"] = "random"
    broken["entries"][2]["facts"]["tasks"]["source"] = "memory"
    path = tmp_path / "atlas.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(broken, file)
    with pytest.raises(ValueError) as error:
        atlas.load(path)
    assert len(str(error.value).splitlines()) == 2
    assert "atlas.yaml: entry 'landmine': partition 'random'" in str(error.value)


def test_without_the_measured_file_nothing_is_computed(tmp_path):
    bare = atlas.load(measured=tmp_path / "none.yaml")
    school = next(entry for entry in bare.entries if entry.id == "school")
    assert "tasks" not in school.facts and school.measures == {}
    assert bare.filled()[0] < ATLAS.filled()[0] <= ATLAS.filled()[1] == bare.filled()[1]


def test_what_is_filled_is_counted():
    one = atlas.Atlas({}, (atlas.Entry("a", "A", "t", ("1",), "made", "open", {}, address="x"),))
    assert one.filled() == (1, 13)


def test_every_entry_that_loads_was_measured_and_no_other():
    assert set(MEASURED["entries"]) == {entry.id for entry in LOADABLE}
    for entry in LOADABLE:
        assert {*vocabulary.COMPUTED} <= {*entry.facts}
        assert tuple(entry.measures) == compare.NAMES
        for difference in entry.measures.values():
            assert (difference.effect is None) == (difference.p is None)
            assert difference.note or difference.effect is not None
    assert MEASURED["settings"] == {
        "seed": measure.SEED,
        "permutations": measure.PERMUTATIONS,
        "limit": measure.LIMIT,
    }


@pytest.mark.parametrize("entry", LOADABLE, ids=lambda entry: entry.id)
def test_what_is_said_of_a_source_stands_in_its_card(entry):
    """The licence and the inputs of the measured file are today's; so is the number of tasks."""
    if entry.loader.source == "mixture":
        return
    card = measure.card_of(entry.loader)
    assert entry.facts["licence"].value == card.licence
    assert entry.facts["inputs"].value == card.inputs
    assert entry.traps[-1].value == card.traps


@pytest.mark.parametrize("entry", LOADABLE, ids=lambda entry: entry.id)
def test_a_stand_in_has_the_tasks_that_the_atlas_says(entry):
    if entry.loader.source in ("movielens", "shakespeare", "watch", "chem97", "school"):
        pytest.skip("its stand-in is large: test-data loads the real one")
    if entry.loader.source == "grouped":
        pytest.skip("it has no stand-in: test-data loads the real one")
    tasks = measure.task_set(entry.loader, simulated=True)
    assert len(tasks) == entry.facts["tasks"].value


@pytest.mark.data
@pytest.mark.parametrize("entry", LOADABLE, ids=lambda entry: entry.id)
def test_the_real_data_have_the_counts_of_the_atlas(entry):
    counted = measure.counts(measure.task_set(entry.loader))
    assert {name: entry.facts[name].value for name in vocabulary.COUNTS} == counted


@pytest.mark.data
def test_the_measures_are_computed_anew_to_the_same_digits():
    school = BY_ID["radon"]
    again = measure.differences(measure.task_set(school.loader))
    for name, row in again.items():
        told = school.measures[name]
        assert np.isclose(row["effect"], told.effect, atol=1e-3) and row["p"] == told.p


def test_measures_see_what_the_mixture_differs_in():
    """FedEM's clients have one p(x) and relations of their own."""
    tasks = measure.task_set(atlas.Loader("mixture", {"T": 20, "d": 20, "m": 100}))
    rows = measure.differences(tasks, permutations=49)
    assert abs(rows["p(x)"]["effect"]) < 0.01 < rows["p(y|x)"]["effect"]
    assert rows["p(y|x)"]["p"] == 0.02 < rows["p(x)"]["p"]


def test_numbers_in_p_y_say_their_unit():
    tasks = measure.task_set(atlas.Loader("sleepstudy"), simulated=True)
    rows = measure.differences(tasks, permutations=19)
    assert rows["p(y)"]["note"] == "in standard deviations of the target"
    assert rows["size"]["effect"] == 0 and "note" not in rows["size"]
