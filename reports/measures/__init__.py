"""Numbers of one run or one cell are computed here from the records."""
