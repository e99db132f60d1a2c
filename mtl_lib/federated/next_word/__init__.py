"""The next word as tables of counts: one for all, one per client, a compromise, and a mixture.

With a table as the model every method of section 2 has a closed form. The global model counts all
clients together; a client's own model counts its words only; fine-tuning is a Dirichlet prior
around the global table, which is an interpolation between the two; and FedEM's M-step is exact, a
weighted count, so that its likelihood never falls.

    global          p(y | x)   = (n_xy + a u_y) / (n_x + a)
    a client's own  p_t(y | x) = (n_txy + s b_xy) / (n_tx + s),   b a fixed table: uniform or global
    mixture         p_t(y | x) = sum_m pi_tm p_m(y | x)           (Marfoq et al. 2021, equation 3)

The mixture is the aspect model of Hofmann (1999) with the word before as a condition.
"""

from mtl_lib.federated.next_word.counts import Counts, count, dealt
from mtl_lib.federated.next_word.mixtures import Mixture, mixture
from mtl_lib.federated.next_word.tables import choose, log_loss, shrunk, smoothed

__all__ = [
    "Counts",
    "Mixture",
    "choose",
    "count",
    "dealt",
    "log_loss",
    "mixture",
    "shrunk",
    "smoothed",
]
