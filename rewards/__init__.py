"""What makes a completion right.  No torch, except `learned.py`."""
