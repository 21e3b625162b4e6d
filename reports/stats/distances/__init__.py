"""Curves over the distance from the base model: compared at equal distances, and fitted."""
