"""Programs are cut out of completions, run in the sandbox and compared with the target."""
