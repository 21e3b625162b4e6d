"""`rlvr-bench plan`: will it fit, and what makes the peak."""
