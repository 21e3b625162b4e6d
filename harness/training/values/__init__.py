"""Values of states: a critic that learned before the run, or exact ones."""
