"""The words that the files of the atlas may use."""

READINGS = ("1", "2", "3.1 same inputs", "3.1 own inputs", "3.2")
PARTITIONS = ("natural", "made")
TERMS = ("open", "non-commercial", "own terms", "none stated", "not found")
COUNTS = ("tasks", "total", "smallest", "median", "largest")
FACTS = (*COUNTS, "inputs", "losses", "metric", "licence")
# What an entry with a loader does not say itself: it is counted, or stands in the source's card.
COMPUTED = (*COUNTS, "inputs", "licence")
STEPS = (
    *("", "class pairs", "dirichlet", "label maps", "turned"),
    *("four questions", "one question each"),
)
# Loaders that are no source with a module of its own.
OTHER_LOADERS = ("mixture", "grouped")
NEEDED = ("id", "name", "task", "readings", "partition", "terms", "facts")
OPTIONAL = ("address", "elsewhere", "loader", "traps", "used_by")
