"""A second draw of mini-batches for the same clients, for methods that need two at a time."""


def redrawn(batches, purpose: str, epochs: int | None = None):
    """As ``batches`` (of whole epochs) but shuffled by another stream; ``epochs`` None for as many as ``batches`` has."""
    if epochs is None:
        epochs = int(batches.steps[0] // -(-batches.sizes[0] // batches.batch_size[0]))
    return batches.clients.batches(
        batches.who, int(batches.batch_size.max()), epochs, batches.seed, batches.round, purpose
    )
