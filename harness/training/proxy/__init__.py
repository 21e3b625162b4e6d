"""How far a policy goes for a proxy of the true reward: its distance from the base model, and the best of n."""
