"""Findings on random searches."""
