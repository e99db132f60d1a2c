"""Images whose second task is known.

``coloured`` and ``turned`` give grey images a hue or an angle as a second task; ``dial`` draws two
pairs of classes whose relatedness is a number.
"""

from mtl_lib.data.generated.images.dial import dial
from mtl_lib.data.generated.images.second import coloured, pure_colour, turned

__all__ = ["coloured", "dial", "pure_colour", "turned"]
