"""Untrusted code runs in tiers of isolation: a confined worker forks one child per completion."""
