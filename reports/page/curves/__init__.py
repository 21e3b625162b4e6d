"""Tables of what is measured over steps, trials or sizes."""
