"""Trees of tensors: nested dicts, as the parameters of networks and the memories of clients are."""


def tree_map(f, *trees: dict) -> dict:
    """Apply ``f`` to the tensors of nested dicts of one form.

    Parameters
    ----------
    f : callable
        Takes one tensor of each tree.
    *trees : dict
        Nested dicts with the same keys.

    Returns
    -------
    dict
        A tree of the same form with the results.
    """
    mapped = {}
    for key, value in trees[0].items():
        branches = [tree[key] for tree in trees]
        mapped[key] = tree_map(f, *branches) if isinstance(value, dict) else f(*branches)
    return mapped


def tree_leaves(tree: dict) -> list:
    """The tensors of nested dicts, in the order of their keys."""
    leaves = []
    for value in tree.values():
        leaves += tree_leaves(value) if isinstance(value, dict) else [value]
    return leaves
