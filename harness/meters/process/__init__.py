"""What the system tells of this process and of those that it started."""
