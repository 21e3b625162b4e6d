"""Figures of memory and time are drawn here."""
