"""Federated learning and federated multi-task learning: clients are tasks, each method is one file."""
