"""Tasks provide prompts, gold answers and the verifiers that compare completions with them."""
