"""Commands about several studies at once, and about what is made from a study besides its page."""
