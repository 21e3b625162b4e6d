"""The figures are drawn here."""
