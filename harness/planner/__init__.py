"""How much memory a run will take: the run's own code on tensors without data, and closed forms of the states."""
