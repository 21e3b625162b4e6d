"""The mathematics of policy optimisation: torch and the standard library only.

No I/O, models, optimisers, devices or harness configuration.  Start with `ppo.py`, read `grpo.py` beside it.
"""
