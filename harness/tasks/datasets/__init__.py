"""Tasks made of the rows of a data set or a file, all checked when they are loaded."""
