"""What makes tasks of a source that is one task: class pairs, clients, questions."""

from mtl_lib.data import partitions
from mtl_lib.data.features import images, questions, triples
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled, one_label_each


def class_pairs(tasks: TaskSet, seed: int, **arguments) -> TaskSet:
    """One task per pair of classes."""
    classes = tasks[0].meta["classes"]
    pairs = [(a, b) for k, a in enumerate(classes) for b in classes[:k]]
    return images.class_pairs(tasks, pairs, seed=seed, **arguments)


def dirichlet(tasks: TaskSet, seed: int, **arguments) -> TaskSet:
    """Clients that differ in how often each label occurs."""
    return partitions.dirichlet(tasks[0], seed=seed, **arguments).tasks(tasks[0])


def label_maps(tasks: TaskSet, seed: int, **arguments) -> TaskSet:
    """Clients that call the same thing by other labels, in groups."""
    return partitions.concept_shift(tasks[0], seed=seed, **arguments).tasks(tasks[0])


def turned(tasks: TaskSet, seed: int, **arguments) -> TaskSet:
    """Clients that see the inputs turned."""
    made = partitions.feature_shift(tasks[0], seed=seed, shift="rotation", **arguments)
    return made.tasks(tasks[0])


def four_questions(tasks: TaskSet, seed: int) -> TaskSet:
    """Class, group, ink and asymmetry of the same pictures; nothing is drawn."""
    return questions.questions(triples.grey([tasks]))


def one_question_each(tasks: TaskSet, seed: int) -> TaskSet:
    """The four questions, each about pictures of its own."""
    return labelled(one_label_each(four_questions(tasks, seed), seed))


STEPS = {
    "class pairs": class_pairs,
    "dirichlet": dirichlet,
    "label maps": label_maps,
    "turned": turned,
    "four questions": four_questions,
    "one question each": one_question_each,
}
