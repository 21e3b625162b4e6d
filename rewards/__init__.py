"""Verifiers give verdicts on completions; code runs in a sandbox.  No torch, except `learned.py`."""
