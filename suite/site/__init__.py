"""The offline site of a profile: an ``index`` over the sections' pages.

``page`` makes one page, ``makers`` says what drew its figures, ``sentences`` has the sentences and
verdicts, ``atlas`` is the page of data sets and ``cards`` what it shows of each, ``templates`` the
look of all of them.
"""
