"""Figures of learning, of what drives it and of what it was rewarded by are drawn here."""
