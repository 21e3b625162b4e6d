"""What can be set: explained, and written into a file to begin with."""
