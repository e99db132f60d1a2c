"""MOCHA (Smith et al. 2017): a federation solved in the dual, with certificates."""
