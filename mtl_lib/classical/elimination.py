"""What is common and free, u, and the free intercepts b: sought by Newton's method, exactly.

The method keeps its matrix from one point to the next while that still converges fast, and falls
back on the losses' curvature bound, which always descends. ``separable`` says where there is no
end: what nothing penalises separates the classes.
"""

import copy
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

STEPS = 50  # of Newton per point; reached only where no finite optimum exists
SLOW = 0.01  # a step that gains more than this share of the last gain asks for a new matrix
FAR = 1e-6  # of the value: a larger gain is checked, as a step may be too long
FLAT = 1e-8  # of the curvature bound: far below what a fit with an optimum reaches


@dataclass
class Metric:
    """A second derivative in (u, b), b eliminated.

    Attributes
    ----------
    inner : (r, r), the inverse in u.
    couple : (T, r), what couples u and b.
    inverse : (T,), the inverse in b.
    """

    inner: np.ndarray
    couple: np.ndarray
    inverse: np.ndarray

    def solve(self, pull_u, pull_b):
        """(du, db): the step that minus gradients in u and b ask for."""
        du = self.inner @ (pull_u - self.couple.T @ (self.inverse * pull_b))
        return du, self.inverse * (pull_b - self.couple @ du)


class FreePart:
    """Everything that is not penalised, for losses of which only derivatives are known.

    Parameters
    ----------
    design : Design
        The columns.
    sizes : list of int
        Samples per task.
    bound : np.ndarray
        (M,) bounds of the curvature of every sample's loss.
    quadratic : bool
        Whether all losses are squared.
    """

    def __init__(self, design, sizes, bound, quadratic):
        self.design = design
        self.weights = np.concatenate(design.weights)
        self.Z = np.concatenate(design.Zs)
        self.task = np.repeat(np.arange(design.T), sizes)
        self.cuts = np.cumsum([0, *sizes])
        self.intercepts = design.intercept == "free"
        self._quadratic = quadratic
        samples = float((self.weights * bound) @ (self.Z**2).sum(axis=1))
        self._stiffness = samples + 2 * design.ridge * float((design.lift**2).sum())
        self.bound = self.metric(bound)
        self._newton = self.bound

    def afresh(self):
        """The same with the first matrix."""
        fresh = copy.copy(self)
        fresh._newton = self.bound
        return fresh

    def shifted(self, linear, u, b):
        """Predictions (M,): ``linear`` and what u and b add to it."""
        z = linear + self.Z @ u if len(u) else linear
        return z + b[self.task] if self.intercepts else z + np.zeros(len(self.task))

    def pull(self, slope, models):
        """Minus the gradients in u (r,) and b (T,)."""
        weighted = self.weights * slope
        pull = self.Z.T @ weighted - 2 * self.design.ridge * self.design.pull(models)
        if self.intercepts:
            return pull, np.add.reduceat(weighted, self.cuts[:-1])
        return pull, np.zeros(self.design.T)

    def metric(self, curvature) -> Metric:
        """The second derivative for these curvatures (M,).

        A part 1e-17 of the bound's is added, so that steps stay finite where curvature vanishes,
        as between separable classes.
        """
        weighted = self.weights * curvature
        r = self.Z.shape[1]
        lift = self.design.lift.reshape(self.design.null.shape[1] * self.design.d, r)
        inner = self.Z.T @ (weighted[:, None] * self.Z) + 2 * self.design.ridge * lift.T @ lift
        couple = np.zeros((self.design.T, r))
        inverse = np.zeros(self.design.T)
        if self.intercepts:
            starts = self.cuts[:-1]
            total = np.add.reduceat(weighted, starts)
            inverse = 1 / (total + 1e-17 * np.add.reduceat(self.weights, starts))
            couple = np.add.reduceat(weighted[:, None] * self.Z, starts, axis=0)
            inner -= couple.T @ (inverse[:, None] * couple)
        scale = max(1e-13 * np.trace(inner), 1e-17 * self._stiffness, np.finfo(float).tiny)
        return Metric(np.linalg.inv(inner + scale * np.eye(r)), couple, inverse)

    def minimise(self, loss, base, linear, u, b):
        """(u, b, predictions) of the smallest value, from the u and b given.

        ``base`` (T, d) and ``linear`` (M,) are the models and the predictions without u and b.
        """
        z = self.shifted(linear, u, b)
        if not len(u) and not self.intercepts:
            return u, b, z
        value = loss.total(base, u, z)
        last_drop = np.inf
        cheap = len(u) <= 1 and not self._quadratic  # a new matrix is no dearer than a step
        for _ in range(STEPS):
            pull = self.pull(loss.each("slope", z, loss.y), loss.models(base, u))
            fresh = cheap
            if not fresh:
                du, db, drop = self._step(pull)
                fresh = drop > SLOW * last_drop
            if fresh:
                self._newton = self.metric(loss.each("curvature", z, loss.y))
                du, db, drop = self._step(pull)
            z = self.shifted(linear, u + du, b + db)
            if drop > FAR * value:
                trial = loss.total(base, u + du, z)
                if trial > value - 0.1 * drop:
                    self._newton = self.bound
                    du, db, drop = self._step(pull)
                    z = self.shifted(linear, u + du, b + db)
                    trial = loss.total(base, u + du, z)
                value = trial
            u = u + du
            b = b + db
            last_drop = drop
            # a gap feels the gradient's error, sqrt(drop), not its square
            if drop <= (1e-13 if fresh else 1e-20) * value:
                break
        return u, b, z

    def _step(self, pull):
        """A Newton step, and twice what it gains in the quadratic model."""
        du, db = self._newton.solve(*pull)
        return du, db, float(pull[0] @ du + pull[1] @ db)


def separable(loss, point) -> bool:
    """Whether some free direction lowers a logistic loss for ever and raises no loss.

    It must move no prediction of a squared loss and none of a class to its wrong side, and one of
    a logistic loss to its right side: a linear program, solved only where ``point`` has lost its
    curvature, since only there can the answer be yes. A ridge bounds every free direction but
    intercepts, which both classes bound.

    References
    ----------
    Albert and Anderson 1984.
    """
    if loss.design.ridge or not _flat(loss, point):
        return False
    samples = np.arange(len(loss.y))
    columns = csr_array(loss.free.Z)
    if loss.free.intercepts:
        own = csr_array((np.ones(len(samples)), (samples, loss.free.task)))
        columns = hstack([columns, own]).tocsr()
    entropic = loss.each("entropic") > 0
    binary = loss.each("binary") > 0
    signs = csr_array((np.where(binary, loss.y, 1.0), (samples, samples)))
    signed = signs @ columns
    gain = signed[entropic].sum(axis=0)
    program = linprog(
        -gain,
        A_ub=-signed[binary],
        b_ub=np.zeros(binary.sum()),
        A_eq=vstack([signed[~binary], csr_array((1, columns.shape[1]))]),
        b_eq=np.zeros((~binary).sum() + 1),
        bounds=(-1, 1),
    )
    return program.status == 0 and -program.fun > 1e-7 * np.abs(gain).sum()


def _flat(loss, point):
    """Whether the curvature in u or b has all but gone."""
    now = loss.free.metric(loss.each("curvature", point.z, loss.y))
    bound = loss.free.bound
    pairs = ((now.inner, bound.inner), (now.inverse, bound.inverse))
    return any(a.size and np.abs(a).max() > np.abs(b).max() / FLAT for a, b in pairs)
