"""What stands first on the page: the answer, its figure and table, and the claims."""
