"""The offline site of a profile: one page per notebook, the claims, the index."""
