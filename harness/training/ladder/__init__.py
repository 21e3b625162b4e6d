"""Which baseline gives the better policy gradient, measured at one fixed policy."""
