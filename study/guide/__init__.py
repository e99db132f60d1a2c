"""What leads a reader to a reading, to data and to a sound experiment: the chooser, the protocol.

``chooser`` and ``protocol`` are typed; each refuses a file that names what is not there, as
``names`` finds it. ``example`` computes the protocol's worked example (``make protocol``).
"""

from study.guide.chooser import Chooser
from study.guide.protocol import Protocol

__all__ = ["Chooser", "Protocol"]
