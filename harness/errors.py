"""Errors that the user can correct: shown as plain lines, without a traceback."""

from __future__ import annotations

from collections.abc import Sequence


class UserError(ValueError):
    """Its message names the mistake, the place and the remedy, in a line for each problem.

    The command line prints the message and exits with 2.  Plugins may raise it or a subclass.
    """


class ConfigError(UserError):
    """All that is wrong with a configuration."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
