"""How tasks are related, as a prior: trunks tied to their mean, heads under a tensor normal law.

Multilinear relationship networks (Long, Cao, Wang and Yu 2017) give the heads of T tasks, stacked
to a tensor W of shape (d_1, ..., d_K) (features x outputs x tasks), a tensor normal prior:
vec(W) ~ N(0, Sigma_1 x ... x Sigma_K), one covariance per mode. Each Sigma_k gets an inverse
Wishart prior with scale nu I here, because without it the posterior has no maximum. With
D = d_1 ... d_K,

    penalty = (1/2) [vec(W)^T (kron Sigma)^-1 vec(W)
                     + sum_k ((D/d_k + nu) log det Sigma_k + nu tr Sigma_k^-1)],
    Sigma_k <- (W_(k) (kron_{j != k} Sigma_j)^-1 W_(k)^T + nu I) / (D/d_k + nu),

and every such update is the exact minimum over Sigma_k. nu = 0 with a small multiple of I added is
the published rule. Scales can be exchanged between covariances, so only correlations have a
meaning.
"""

from mtl_lib.neural.relationship_network.linear_heads import related_heads, ridge_heads
from mtl_lib.neural.relationship_network.penalties import RelatedHeads, tied
from mtl_lib.neural.relationship_network.tensor_normal import (
    correlations,
    covariances,
    log_density,
    penalty,
    update,
)

__all__ = [
    "RelatedHeads",
    "correlations",
    "covariances",
    "log_density",
    "penalty",
    "related_heads",
    "ridge_heads",
    "tied",
    "update",
]
