"""Neural multi-task learning on the stack: many small networks with a shared trunk, trained at once.

``network`` is encoders, trunk and heads; ``training`` trains K replicas of one, each on data of its own.
"""
