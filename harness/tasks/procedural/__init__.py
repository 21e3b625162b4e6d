"""Tasks that compute their items from (seed, split, index); they need no data."""
