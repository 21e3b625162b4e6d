"""What is measured over steps, budgets, trials or sizes is computed here, as curves."""
