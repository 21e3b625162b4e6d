"""What two random searches of one size say about the algorithms that they are of."""
