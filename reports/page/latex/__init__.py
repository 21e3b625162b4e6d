"""A table is written for a two-column paper here."""
