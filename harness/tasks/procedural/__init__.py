"""Tasks that make their items from an address; they need no data."""
