"""The claims under test are judged here."""
