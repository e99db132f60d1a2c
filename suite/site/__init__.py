"""The offline site of a profile: an ``index`` over the sections' pages.

``page`` makes one page, ``makers`` says what drew its figures, ``sentences`` has the sentences and
verdicts, ``templates`` the look of all of them.
"""
