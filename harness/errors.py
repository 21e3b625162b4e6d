"""What a user can put right: told in plain lines, without a traceback."""

from __future__ import annotations


class UserError(ValueError):
    """An error whose message names the thing, the place and the remedy; one line for each problem.

    The command line prints the message and exits with 2.  Plugins may raise it, or a class of their own made from it.
    """
