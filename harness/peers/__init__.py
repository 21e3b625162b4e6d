"""Measures one step of this project beside one step of another library, on the same fixed work."""
