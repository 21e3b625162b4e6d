"""The tables of what a step holds and sends."""
