"""Which cells may be compared, and what was equal between them."""
