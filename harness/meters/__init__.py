"""What a run costs: memory in three layers, time, tokens, FLOPs and energy, phase by phase.

The training loop uses `recorder.Recorder`, and `states.role_states` once; the other modules serve these two.
"""
