"""Runs as processes: a suite of them, one of them, and what is checked before any starts."""
