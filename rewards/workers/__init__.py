"""Worker processes: the pool that hands out jobs, and the fork server that runs them."""
