"""Tables of how far a proxy can be followed."""
