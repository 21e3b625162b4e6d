"""What the processes of a run send each other: the closed form, and from it a run that nobody has made."""
