"""Prompts, gold answers and the verifiers that judge completions."""
