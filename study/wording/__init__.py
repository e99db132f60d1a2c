"""What a notebook says of its figures and claims: a file of texts a section, with gaps."""

from study.wording.texts import Wording

__all__ = ["Wording"]
