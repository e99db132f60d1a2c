"""Stochastic dual coordinate ascent on many nodes, compiled: MOCHA's local work, sample by sample.

A node t holds rows x_i (d,), labels y_i and dual variables a_i; c_t is the weight of one of its
samples. Losses and their conjugates, with p = y a and labels of binary losses -1 and 1:

=========  =====================  ==================================  ==============
loss       l(z; y)                -l*(-a)                             feasible
=========  =====================  ==================================  ==============
squared    (y - z)^2 / 2          y a - a^2 / 2                       every a
logistic   log(1 + exp(-y z))     -p log p - (1 - p) log(1 - p)       0 <= p <= 1
hinge      max(0, 1 - y z)        p                                   0 <= p <= 1
=========  =====================  ==================================  ==============

The functions share their arguments, all contiguous arrays, for T nodes of N samples together:

=======  ============  ====================================================================
X        (N, d) float  all rows, node after node
y        (N,) float    labels, binary ones -1 and 1
norms    (N,) float    ||x_i||^2
a        (N,) float    dual variables
start    (T + 1,) int  node t owns rows start[t] to start[t + 1]
kinds    (T,) int      the loss of each node, a value of ``CODES``
c        (T,) float    the weight of one sample of each node
scale    (T,) float    sigma' Sigma_tt / lam
Z        (T, d) float  a model per node
order    (N,) int      the samples of each node in the order of a round, counted within the node
steps    (T,) int      coordinate steps of each node
nodes    (k,) int      the nodes that take part
=======  ============  ====================================================================

A loop over single coordinates, each of which needs the one before it, cannot be vectorised over
samples; ``make bench`` shows what compiling it gains over the plain loop.

References
----------
Shalev-Shwartz and Zhang 2013, Stochastic dual coordinate ascent methods.
"""

import math
from functools import partial

import numpy as np

from mtl_lib.federated.mocha.jit import announce, compiled

CODES = {"squared": 0, "logistic": 1, "hinge": 2}
SQUARED, LOGISTIC, HINGE = CODES.values()
announce(__name__)


@partial(compiled, free_sums=True)
def dot(X, i, z):
    """x_i . z."""
    total = 0.0
    for j in range(z.shape[0]):
        total += X[i, j] * z[j]
    return total


@compiled
def shuffle(orders, draws):
    """Shuffle rows (R, n) in place by draws (R, n) from [0, 1), as Fisher and Yates do."""
    for row in range(orders.shape[0]):
        for k in range(orders.shape[1] - 1, 0, -1):
            other = int(draws[row, k] * (k + 1))
            kept = orders[row, k]
            orders[row, k] = orders[row, other]
            orders[row, other] = kept


@compiled
def logistic_dual(p, margin, q):
    """The p in (0, 1) with log(p / (1 - p)) + margin + q (p - p_0) = 0, where p_0 is the old one.

    Newton's method in the log-odds, inside a bracket.
    """
    low = -margin - q * (1 - p)
    high = -margin + q * p
    t = min(max(math.log(p / (1 - p)), low), high) if 0 < p < 1 else (low + high) / 2
    for _ in range(100):
        s = 1 / (1 + math.exp(-t)) if t > 0 else math.exp(t) / (1 + math.exp(t))
        f = t + margin + q * (s - p)
        if f > 0:
            high = t
        else:
            low = t
        new = t - f / (1 + q * s * (1 - s))
        if not low <= new <= high:
            new = (low + high) / 2
        moved = abs(new - t)
        t = new
        if moved <= 1e-8 * (1 + abs(t)):  # Newton squares the error: what is left is rounding
            break
    return 1 / (1 + math.exp(-t)) if t > 0 else math.exp(t) / (1 + math.exp(t))


@compiled
def ascend(kind, y, a, u, q):
    """The best a_i given all others: u is x_i.z before the step, a unit of a_i adds q to it."""
    if kind == SQUARED:
        return a + (y - a - u) / (1 + q)
    if kind == LOGISTIC:
        return y * logistic_dual(min(max(y * a, 0.0), 1.0), y * u, q)
    rise = 1 - y * u
    if q > 0:
        return y * min(max(y * a + rise / q, 0.0), 1.0)
    return y * (1.0 if rise > 0 else 0.0) if rise != 0 else a


@compiled
def passes(X, y, norms, a, start, kinds, c, scale, Z, order, steps, nodes):
    """``steps[t]`` coordinate steps of every node in ``nodes``; changes a and Z.

    Z on entry: w_t. On return: z_t = w_t + scale_t dV_t. After the last sample of ``order`` a node
    begins again with the first.
    """
    for t in nodes:
        first = start[t]
        n = start[t + 1] - first
        gain = scale[t] * c[t]
        z = Z[t]
        for k in range(steps[t]):
            i = first + order[first + k % n]
            new = ascend(kinds[t], y[i], a[i], dot(X, i, z), gain * norms[i])
            step = gain * (new - a[i])
            a[i] = new
            if step != 0:
                for j in range(z.shape[0]):
                    z[j] += step * X[i, j]


@compiled
def batch(X, y, norms, a, start, kinds, c, scale, Z, order, steps, nodes, share):
    """Mini-batch SDCA; changes a.

    The first ``steps[t]`` samples of ``order`` move at once, each ``share`` of its own best way.
    """
    for t in nodes:
        for k in range(steps[t]):
            i = start[t] + order[start[t] + k]
            a[i] += share * (
                ascend(kinds[t], y[i], a[i], dot(X, i, Z[t]), scale[t] * c[t] * norms[i]) - a[i]
            )


@compiled
def weighted_rows(X, a, start, c):
    """V (T, d): c_t sum_i a_i x_i."""
    T = len(c)
    d = X.shape[1]
    V = np.zeros((T, d))
    for t in range(T):
        for i in range(start[t], start[t + 1]):
            if a[i] != 0:
                for j in range(d):
                    V[t, j] += a[i] * X[i, j]
        for j in range(d):
            V[t, j] *= c[t]
    return V


@compiled
def conjugate(kind, y, a):
    """-l*(-a)."""
    if kind == SQUARED:
        return y * a - a * a / 2
    p = min(max(y * a, 0.0), 1.0)
    if kind == HINGE:
        return p
    return -(p * math.log(p) if p > 0 else 0.0) - ((1 - p) * math.log(1 - p) if p < 1 else 0.0)


@compiled
def loss(kind, y, z):
    """l(z; y)."""
    if kind == SQUARED:
        return (y - z) ** 2 / 2
    if kind == HINGE:
        return max(0.0, 1 - y * z)
    return math.log1p(math.exp(-abs(z))) + max(-y * z, 0.0)


@compiled
def fenchel(X, y, a, start, kinds, c, Z):
    """(3, T): losses, conjugates and cross terms of every node.

    c_t sum_i of l(x_i.z_t), of -l*(-a_i) and of a_i x_i.z_t. losses - conjugates + cross is never
    negative (Fenchel and Young), node by node.
    """
    T = len(c)
    sums = np.zeros((3, T))
    for t in range(T):
        for i in range(start[t], start[t + 1]):
            z = dot(X, i, Z[t])
            sums[0, t] += loss(kinds[t], y[i], z)
            sums[1, t] += conjugate(kinds[t], y[i], a[i])
            sums[2, t] += a[i] * z
        sums[:, t] *= c[t]
    return sums
