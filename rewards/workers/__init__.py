"""Worker processes: a pool hands out jobs, a fork server runs each in a fresh process."""
