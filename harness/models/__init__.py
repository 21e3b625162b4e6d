"""Models by name, and the roles that a run makes of one."""
