"""What can be done with one run: handed on to other programs, and watched."""
