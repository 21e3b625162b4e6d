"""Mathematical answers are found, cleaned, parsed and compared exactly; computer algebra runs in workers."""
