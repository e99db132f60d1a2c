"""A claim is declared before its result is seen; effect, interval and verdict come from code.

The rule is in ``study.claims.rule``. One primary claim per sentence and scope; Holm's correction
runs over a notebook's primary claims only, so that a secondary claim changes no verdict.
"""

from study.claims.claim import Claim, settle
from study.claims.declaration import AFTER, BEFORE, Declaration
from study.claims.rule import WORDS, Evidence, verdict

__all__ = ["AFTER", "BEFORE", "WORDS", "Claim", "Declaration", "Evidence", "settle", "verdict"]
