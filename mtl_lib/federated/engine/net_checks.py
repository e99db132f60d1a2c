"""Whether a net fits the data of clients: one line, naming the client, where it does not."""

from mtl_lib.stack import MLP, Stack


def check_net(net, data, split: str = "") -> None:
    """Check inputs, labels and outputs of a net against data.

    Parameters
    ----------
    net : MLP or Module
        One model's architecture.
    data : Clients
        The data of any split.
    split : str
        For messages: ``"test"`` says "client 'a' of the test data".

    Raises
    ------
    ValueError
        For inputs the net does not take, a number of outputs that does not fit the loss, and a
        label that the net has no output for.
    """
    of = f" of the {split} data" if split else ""
    first = f"client {data.names[0]!r}{of}"
    outputs = _outputs(net, data, first)
    if data.loss != "ce":
        labels = data.y[0].numel()
        if labels != outputs:
            raise ValueError(
                f"{first}: {labels} labels per sample for loss {data.loss}, "
                f"the net has {outputs} outputs"
            )
        return
    if outputs < 2:
        raise ValueError(f"{first}: loss ce needs two outputs or more, the net has {outputs}")
    outside = (data.y < 0) | (data.y >= outputs)
    if outside.any():
        row = int(outside.nonzero()[0, 0])
        client = int((data.start[1:] > row).argmax())
        raise ValueError(
            f"client {data.names[client]!r}{of}: label {int(data.y[row])}, "
            f"the net has outputs for 0 to {outputs - 1}"
        )


def _outputs(net, data, first: str) -> int:
    """How many scores a sample gets."""
    if isinstance(net, MLP):
        width = data.x[0].numel()
        if width != net.sizes[0]:
            raise ValueError(f"{first}: inputs of {width} numbers, the net takes {net.sizes[0]}")
        return net.sizes[-1]
    model = Stack.init(net, [(0, 0)], data.loss, data.x.dtype, data.x.device)
    try:
        scores = model(data.x[None, :1])
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        shape = tuple(data.x.shape[1:])
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"{first}: the net takes no inputs of shape {shape} ({reason})") from None
    return 1 if scores.ndim == 2 else scores.shape[2:].numel()
