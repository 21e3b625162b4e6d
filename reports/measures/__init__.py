"""Numbers of one run or one cell."""
