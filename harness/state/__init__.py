"""What a run is, by content, and where it stands: identity, checkpoints, the cache, how it is stopped."""
