"""One run's training: the loop with its steps, evaluation, warm start, reward model and checkpoints."""
