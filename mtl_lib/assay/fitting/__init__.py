"""Fitting the arms: from Gram matrices for numbers, by Newton steps for classes and counts."""
