"""Claims about rewards that are not the verifier, and about the verifier itself."""
