"""The report on disk: pages and tables."""
