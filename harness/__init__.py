"""Runs an experiment and writes records."""
