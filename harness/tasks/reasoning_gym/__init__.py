"""The generators of reasoning-gym as a task, scored in worker processes."""
