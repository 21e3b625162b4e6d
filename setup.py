"""Which packages there are; all else is in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ("algorithms", "rewards", "harness", "reports")

setup(
    packages=[f"rlvr_bench.{name}" for room in ROOMS for name in (room, *(f"{room}.{p}" for p in find_packages(room)))]
)
