"""The claims under test and how a verdict on each is reached."""
