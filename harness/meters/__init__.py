"""What a run costs: memory in three layers, time, tokens, FLOPs and energy, phase by phase.

The training loop uses `recorder.StepMeter` and, once, `states.role_states`; the rest serves those two.
"""
