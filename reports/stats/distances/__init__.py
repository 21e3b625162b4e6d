"""Curves over the distance from the base model: read at equal distance, their peaks, and forms fitted to them."""
