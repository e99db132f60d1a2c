"""Many models of one architecture, trained as one stack.

The leading axis of every tensor is "which model": client, mixture component, seed, arm. A dense layer is one
batched product for all K models, and its gradient a closed form; any other module goes through ``torch.func.vmap``.

Inputs x are (L, B, ...), L a divisor of K, each batch shared by K / L consecutive models: L = K gives every model
its own batch, L = 1 all models the same, L = K / M the M components of a client that client's batch. Labels y are
(L, B) or (L, B, outputs), weights w of samples (L, B) or (K, B).
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.stream import stream

# name -> (function, (gradient in its output, its output) -> gradient in its input); torch's own fused kernels
ACTIVATIONS = {
    "relu": (torch.relu, lambda delta, h: torch.ops.aten.threshold_backward(delta, h, 0)),
    "tanh": (torch.tanh, torch.ops.aten.tanh_backward),
}


class Loss:
    """A loss per sample, ``value(z, y)`` (K, B), and its derivative in the scores, ``slope(z, y)``, shaped like z.

    likelihood : whether exp(-loss) is a probability of y up to a constant.
    classes : whether y is a class.
    """

    def __init__(self, value, slope, likelihood=True, classes=True):
        self.value, self.slope, self.likelihood, self.classes = value, slope, likelihood, classes


def _signs(z, y):
    return torch.where(y > 0, 1.0, -1.0).to(z.dtype)


def _over_outputs(values):
    return values.sum(-1) if values.ndim > 2 else values


STACK_LOSSES = {
    # (1/2)(y - z)^2, summed over outputs where there are several
    "squared": Loss(
        lambda z, y: _over_outputs((z - y) ** 2) / 2, lambda z, y: z - y, classes=False
    ),
    # log(1 + exp(-y z)); labels {0, 1} or {-1, 1}
    "logistic": Loss(
        lambda z, y: -F.logsigmoid(_signs(z, y) * z),
        lambda z, y: torch.sigmoid(z) - (y > 0).to(z.dtype),
    ),
    # (1/2) max(0, 1 - y z)^2; labels {0, 1} or {-1, 1}; no likelihood
    "squared_hinge": Loss(
        lambda z, y: torch.relu(1 - _signs(z, y) * z) ** 2 / 2,
        lambda z, y: -_signs(z, y) * torch.relu(1 - _signs(z, y) * z),
        likelihood=False,
    ),
    # -log softmax(z)_y; labels 0..C-1
    "ce": Loss(
        lambda z, y: torch.logsumexp(z, -1) - z.gather(-1, y.long()[..., None])[..., 0],
        lambda z, y: torch.softmax(z, -1).scatter_add_(
            -1, y.long()[..., None], z.new_full((*y.shape, 1), -1.0)
        ),
    ),
}


class MLP:
    """Fully connected layers; one layer is a linear model.

    Parameters
    ----------
    sizes : widths from input to output, for example (150, 1) or (150, 32, 2). Inputs are flattened to (B, sizes[0]).
    activation : ``"relu"`` or ``"tanh"``, between layers.
    bias : whether layers have one.

    Scores are (K, B, sizes[-1]), or (K, B) where sizes[-1] is 1. Parameters are ``weight0`` (K, out, in), ``bias0``
    (K, out), ``weight1``, ...
    """

    def __init__(self, sizes, activation: str = "relu", bias: bool = True):
        if len(sizes) < 2 or any(size < 1 for size in sizes):
            raise ValueError(
                f"Dense: sizes {tuple(sizes)}, expected at least an input and an output width, 1 or more"
            )
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"Dense: activation {activation!r}, allowed are {', '.join(ACTIVATIONS)}"
            )
        self.sizes, self.activation, self.bias = tuple(sizes), activation, bias

    @property
    def layers(self) -> int:
        return len(self.sizes) - 1

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Parameters of one model, uniform on +-1/sqrt(fan_in), as torch's Linear."""
        made = {}
        for k, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            bound = 1 / math.sqrt(inputs)
            made[f"weight{k}"] = rng.uniform(-bound, bound, (outputs, inputs))
            if self.bias:
                made[f"bias{k}"] = rng.uniform(-bound, bound, outputs)
        return made

    def __call__(self, params, x):
        return self._scores(self._forward(params, self._flat(x))[-1])

    def grads(self, params, x, y, w, loss, value: bool = True):
        """(loss (K,) or None, gradients) in closed form: residual times inputs, layer by layer."""
        x = self._flat(x)
        hidden = self._forward(params, x)
        z = self._scores(hidden[-1])
        total = (w * loss.value(z, y)).sum(-1) if value else None
        delta = loss.slope(z, y) * (w if z.ndim == 2 else w[..., None])
        delta, made = delta.reshape(hidden[-1].shape), {}
        for k in reversed(range(self.layers)):
            if k < self.layers - 1:
                delta = ACTIVATIONS[self.activation][1](
                    torch.bmm(delta, params[f"weight{k + 1}"]), hidden[k]
                )
            if self.bias:
                made[f"bias{k}"] = delta.sum(1)
            made[f"weight{k}"] = (
                torch.bmm(delta.transpose(1, 2), hidden[k - 1]) if k else _shared_outer(delta, x)
            )
        return total, {name: made[name] for name in params}

    def _flat(self, x):
        """x as (L, B, d)."""
        x = x.reshape(*x.shape[:2], -1)
        if x.shape[2] != self.sizes[0]:
            raise ValueError(
                f"Dense: inputs of {x.shape[2]} numbers, the first layer takes {self.sizes[0]}"
            )
        return x

    def _forward(self, params, x):
        """Outputs of every layer, (K, B, width) each."""
        hidden = []
        for k in range(self.layers):
            weight = params[f"weight{k}"]
            h = torch.bmm(hidden[-1], weight.transpose(1, 2)) if k else _shared_product(x, weight)
            if self.bias:
                h = h.add_(params[f"bias{k}"][:, None])
            hidden.append(ACTIVATIONS[self.activation][0](h) if k < self.layers - 1 else h)
        return hidden

    def _scores(self, h):
        return h[..., 0] if self.sizes[-1] == 1 else h


def _shared_product(x, weight):
    """x (L, B, d) times weight (K, out, d) transposed, (K, B, out): one product per batch, for all models that share it."""
    (L, B, d), (K, out, _) = x.shape, weight.shape
    if (
        out == 1
    ):  # weights first: twice as fast where the product has few columns, and already in the order of models
        return torch.bmm(weight.reshape(L, -1, d), x.transpose(1, 2)).view(K, B, 1)
    h = torch.bmm(x, weight.reshape(L, -1, d).transpose(1, 2))
    return h if K == L else h.view(L, B, K // L, out).transpose(1, 2).reshape(K, B, out)


def _shared_outer(delta, x):
    """delta (K, B, out) transposed times x (L, B, d), (K, out, d)."""
    (K, B, out), L = delta.shape, len(x)
    delta = (
        delta.view(L, K // L, B, out).transpose(2, 3).reshape(L, -1, B)
        if K > L or out == 1
        else delta.transpose(1, 2)
    )
    return torch.bmm(delta, x).view(K, out, -1)


class Module:
    """Any ``torch.nn.Module`` as the architecture of a stack, through ``functional_call`` and ``vmap``.

    The module maps (B, ...) to scores (B, C) or (B, 1); it draws nothing (no dropout). Weights of two or more axes
    and their biases are drawn on +-1/sqrt(fan_in); other parameters start where the module has them.

    Raises ValueError for a module with buffers (batch statistics have no meaning per model here).
    """

    def __init__(self, module: torch.nn.Module):
        buffers = [name for name, _ in module.named_buffers()]
        if buffers:
            raise ValueError(
                f"Module: buffer {buffers[0]!r}, only modules without buffers can be stacked"
            )
        self.module = module

    def draw(self, rng) -> dict[str, np.ndarray]:
        shapes, made = dict(self.module.named_parameters()), {}
        for name, value in shapes.items():
            owner = shapes.get(name.removesuffix("bias") + "weight", value)
            bound = 1 / math.sqrt(math.prod(owner.shape[1:])) if owner.ndim > 1 else None
            made[name] = (
                value.detach().double().numpy()
                if bound is None
                else rng.uniform(-bound, bound, tuple(value.shape))
            )
        return made

    def __call__(self, params, x):
        K = len(next(iter(params.values())))
        shared = len(x) == 1
        x = x[0] if shared else x.repeat_interleave(K // len(x), 0) if len(x) < K else x
        z = torch.func.vmap(
            lambda p, v: torch.func.functional_call(self.module, p, (v,)),
            in_dims=(0, None if shared else 0),
        )(params, x)
        return z[..., 0] if z.shape[-1] == 1 and z.ndim == 3 else z

    def grads(self, params, x, y, w, loss, value: bool = True):
        """(loss (K,), gradients): autograd on the sum over models, which are independent of each other."""
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        with torch.enable_grad():
            total = (w * loss.value(self(leaves, x), y)).sum(-1)
            found = torch.autograd.grad(total.sum(), list(leaves.values()))
        return total.detach() if value else None, dict(zip(leaves, found, strict=True))


class Stack:
    """K models of one architecture.

    Parameters
    ----------
    params : name -> (K, ...).
    net : ``Dense`` or ``Module``: maps (params, x) to scores.
    loss : one of ``STACK_LOSSES``.
    """

    def __init__(self, params: dict[str, torch.Tensor], net, loss: str = "squared"):
        if loss not in STACK_LOSSES:
            raise ValueError(f"Stack: loss {loss!r}, allowed are {', '.join(STACK_LOSSES)}")
        self.params, self.net, self.loss = params, net, loss

    @classmethod
    def init(cls, net, seeds, loss: str = "squared", dtype=torch.float32, device="cpu") -> "Stack":
        """Model k depends on seeds[k] only: a whole number, or a pair (seed, number of the model)."""
        pairs = [seed if isinstance(seed, tuple) else (seed, 0) for seed in seeds]
        drawn = [net.draw(stream(seed, "init", "", number)) for seed, number in pairs]
        stacked = {name: np.stack([one[name] for one in drawn]) for name in drawn[0]}
        return cls(
            {
                name: torch.as_tensor(value, dtype=dtype, device=device)
                for name, value in stacked.items()
            },
            net,
            loss,
        )

    def __len__(self) -> int:
        return len(next(iter(self.params.values())))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (K, B), or (K, B, C) where there are several outputs."""
        return self.net(self.params, x)

    def losses(self, x, y) -> torch.Tensor:
        """Loss of every model on every sample, (K, B)."""
        return STACK_LOSSES[self.loss].value(self(x), self._spread(y))

    def grads(self, x, y, w, value: bool = True) -> tuple[torch.Tensor | None, dict]:
        """(sum_i w_i loss_i (K,), its gradients): w = 1/B makes the mean, w = 0 pads. ``value=False``: (None, gradients)."""
        return self.net.grads(
            self.params, x, self._spread(y), self._spread(w), STACK_LOSSES[self.loss], value
        )

    def _spread(self, values):
        """(L, B, ...) by model, (K, B, ...)."""
        K, L = len(self), len(values)
        return (
            values
            if L == K
            else values[:, None].expand(L, K // L, *values.shape[1:]).reshape(K, *values.shape[1:])
        )

    def first(self, count: int) -> "Stack":
        """The first ``count`` models: views, not copies."""
        return Stack(
            {name: value[:count] for name, value in self.params.items()}, self.net, self.loss
        )

    def take(self, index) -> "Stack":
        """Copies of the models at ``index``, which may repeat."""
        index = torch.as_tensor(
            index, dtype=torch.int64, device=next(iter(self.params.values())).device
        )
        return Stack(
            {name: value[index] for name, value in self.params.items()}, self.net, self.loss
        )

    def mix(self, A: torch.Tensor) -> "Stack":
        """J models sum_k A_jk (model k), A (J, K)."""
        return Stack(
            {name: mixed(A, value) for name, value in self.params.items()}, self.net, self.loss
        )


def mixed(A, values):
    """sum_k A_jk values_k, (J, ...), for A (J, K) and values (K, ...)."""
    return (A.to(values.dtype) @ values.reshape(len(values), -1)).reshape(len(A), *values.shape[1:])


class SGD:
    """Stochastic gradient descent with momentum, one optimiser per model (torch.optim.SGD's rule).

    g <- g + weight_decay p;  v <- momentum v + g;  p <- p - lr v.

    Parameters
    ----------
    lr : float, or (K,), one per model.
    decay_bias : whether weight decay reaches biases (torch's optimisers: yes).
    """

    def __init__(
        self, lr, momentum: float = 0.0, weight_decay: float = 0.0, decay_bias: bool = True
    ):
        _check_rates(lr, momentum=momentum, weight_decay=weight_decay)
        self.lr, self.momentum, self.weight_decay, self.decay_bias = (
            lr,
            momentum,
            weight_decay,
            decay_bias,
        )
        self.state = {}  # parameter -> (K, ...)

    def fresh(self, state: dict | None = None) -> "SGD":
        """The same rule with no memory, or with the one given."""
        made = SGD(self.lr, self.momentum, self.weight_decay, self.decay_bias)
        made.state = state or {}
        return made

    def step(self, stack: Stack, grads: dict, active=None) -> None:
        """Update in place. ``active``: None for all, a count a for the first a models, or a mask (K,); the others
        keep weights and memory. Gradients are given for all models, or with a count for the first a."""
        for name, p in stack.params.items():
            g = _some(grads[name], active)
            if self.weight_decay and (self.decay_bias or not is_bias(name)):
                g = g + self.weight_decay * _some(p, active)
            if self.momentum:
                if name not in self.state:
                    self.state[name] = torch.zeros_like(p)
                g = _put(
                    self.state[name], active, _some(self.state[name], active) * self.momentum + g
                )
            _add(p, active, g, self.lr)


class Adam:
    """Adam (Kingma and Ba 2015, torch.optim.Adam's rule), one optimiser and one step count per model.

    ``lr``, ``active`` and decay as in ``SGD``; decay is added to the gradient.
    """

    def __init__(
        self,
        lr,
        betas=(0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_bias: bool = True,
    ):
        _check_rates(lr, weight_decay=weight_decay)
        self.lr, self.betas, self.eps, self.weight_decay, self.decay_bias = (
            lr,
            betas,
            eps,
            weight_decay,
            decay_bias,
        )
        self.state = {}

    def fresh(self, state: dict | None = None) -> "Adam":
        """The same rule with no memory, or with the one given."""
        made = Adam(self.lr, self.betas, self.eps, self.weight_decay, self.decay_bias)
        made.state = state or {}
        return made

    def step(self, stack: Stack, grads: dict, active=None) -> None:
        """As ``SGD.step``."""
        for name, p in stack.params.items():
            if name not in self.state:
                self.state[name] = {
                    "mean": torch.zeros_like(p),
                    "square": torch.zeros_like(p),
                    "steps": p.new_zeros(len(p)),
                }
            memory, (first, second) = self.state[name], self.betas
            g = _some(grads[name], active)
            if self.weight_decay and (self.decay_bias or not is_bias(name)):
                g = g + self.weight_decay * _some(p, active)
            # in place wherever the models can be viewed: at these sizes fresh memory costs more than the arithmetic
            mean = _put(memory["mean"], active, _some(memory["mean"], active).lerp_(g, 1 - first))
            square = _put(
                memory["square"],
                active,
                _some(memory["square"], active).mul_(second).addcmul_(g, g, value=1 - second),
            )
            steps = _put(memory["steps"], active, _some(memory["steps"], active) + 1)
            scale = lambda beta: _along(1 - beta**steps, g)
            _add(
                p,
                active,
                square.sqrt()
                .div_(scale(second).sqrt())
                .add_(self.eps)
                .reciprocal_()
                .mul_(mean)
                .div_(scale(first)),
                self.lr,
            )


def is_bias(name: str) -> bool:
    """Whether a parameter is a bias: ``bias0`` of ``Dense``, ``1.bias`` of a module."""
    return name.rsplit(".", 1)[-1].startswith("bias")


def _check_rates(lr, **others):
    rates = torch.as_tensor(lr, dtype=torch.float64)
    if not bool(((rates >= 0) & torch.isfinite(rates)).all()):
        raise ValueError(f"learning rate {lr}, allowed is a finite number, 0 or more")
    for name, value in others.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} {value}, allowed is a finite number, 0 or more")


def _some(values, active):
    return (
        values if active is None else values[:active] if isinstance(active, int) else values[active]
    )


def _put(values, active, new):
    """Write ``new`` into the active rows of ``values``, unless it is they (a view changed in place); returns ``new``."""
    if isinstance(active, torch.Tensor) or new.data_ptr() != values.data_ptr():
        values[
            slice(None) if active is None else slice(active) if isinstance(active, int) else active
        ] = new
    return new


def _add(p, active, direction, lr):
    """p <- p - lr direction on the active models."""
    if isinstance(lr, (int, float)) and (active is None or isinstance(active, int)):
        _some(p, active).add_(direction, alpha=-lr)
        return
    rate = (
        lr
        if isinstance(lr, (int, float))
        else _along(_some(torch.as_tensor(lr, dtype=p.dtype, device=p.device), active), direction)
    )
    rate = rate if isinstance(rate, torch.Tensor) else direction.new_tensor(rate)
    _put(p, active, _some(p, active).addcmul_(rate, direction, value=-1))


def _along(values, like):
    """(K,) shaped to multiply ``like`` (K, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))
