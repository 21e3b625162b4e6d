"""Items from the generators of reasoning-gym, scored by its scorers in worker processes."""
