"""Several studies on one page: every claim under test, with what each study found about it."""
