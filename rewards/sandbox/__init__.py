"""Running untrusted code: tiers of isolation, a worker that forks one child per completion, what they exchange."""
