"""The mathematics of policy optimization: torch and the standard library only.

No I/O, models, optimizers, devices or harness configuration.  Start with `ppo.py`, read `grpo.py` beside it.
"""
