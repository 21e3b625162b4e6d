"""Which cells may be compared is decided here, and what was equal between them."""
