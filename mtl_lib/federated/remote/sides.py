"""Which side runs a method."""

from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.federated.remote.mocha_side import MochaSide
from mtl_lib.federated.remote.stack_side import StackSide


def side_of(method, **settings) -> StackSide | MochaSide:
    """What runs a method where clients are elsewhere.

    Parameters
    ----------
    method : Method or Mocha
        A method of the stack, or MOCHA.
    **settings
        Of ``StackSide``; ``Mocha`` has its settings in itself.

    Raises
    ------
    ValueError
        For anything else, and for settings beside a ``Mocha``.
    """
    if isinstance(method, Method):
        return StackSide(method, **settings)
    if type(method) is not Mocha:
        raise ValueError(
            f"method {method!r}, allowed are methods of the stack (method.Method) and Mocha"
        )
    if settings:
        raise ValueError(f"Mocha has its settings in itself, got also {', '.join(settings)}")
    return MochaSide(**method.get_params())
