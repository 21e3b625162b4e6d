"""How far a proxy can be followed: fits over the distance, the best of n, and what the proxy was exploited by."""
