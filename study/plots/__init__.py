"""Arrays in, Figure out. Nothing here trains, loads or writes. ``style`` is the look of every figure."""
