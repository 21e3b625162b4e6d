"""The resident set of this process, for machines and runs without an NVIDIA GPU."""

from __future__ import annotations

import mmap
from pathlib import Path

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.readings import Reading
from rlvr_bench.harness.records import DeviceSource

PROCESS = Path("/proc/self")
PROBE_BYTES = 4 << 20


class RssSource:
    """Resident bytes of this process: models, interpreter and libraries.

    Linux keeps their peak (VmHWM) and sets it back to what is resident now when "5" is written to `clear_refs`, so the
    peak of a phase is exact, however short it was, to the few pages that the kernel counts late.  No other process
    sets it back, and in this one nothing else may: one such source a process.  Where that cannot be done, samples
    are taken.  ru_maxrss is not used: it is the peak since the process began.
    Freed memory that the C library has not returned yet still counts; see `heap.trim`.

    Args:
        process: what Linux tells of this process; another folder in tests.
    """

    def __init__(self, failures: Failures, process: Path | None = None) -> None:
        import psutil

        self._failures, self._folder = failures, process or PROCESS
        self._process = psutil.Process()
        why_not = _why_peaks_are_not_known(self._folder)
        self.sampled = why_not is not None
        """Whether a peak is the largest of samples, which somebody has to take."""
        self.kind: DeviceSource = "rss" if self.sampled else "rss_peak"
        self.memory_text = (
            f"resident set of this process, sampled: peaks between samples are missed ({why_not})"
            if self.sampled
            else "resident set of this process, true peak of each phase (VmHWM, reset when a phase begins)"
        )
        self.baseline = self.sample().memory

    def sample(self) -> Reading:
        return Reading(memory=self._failures.ask("memory", lambda: self._process.memory_info().rss))

    def edge(self) -> tuple[Reading, Reading]:
        """The peak since the last edge, which belongs to what ends here, and what is resident as the next begins."""
        if self.sampled:
            now = self.sample()
            return now, now
        found = self._failures.ask("memory", lambda: _take_peak(self._folder))
        peak, now = found or (None, None)
        return Reading(memory=peak), Reading(memory=now)

    def energy_mj(self) -> int | None:
        return None

    def close(self) -> None:
        pass


def _take_peak(process: Path) -> tuple[int, int]:
    """Bytes: the peak so far, and what is resident now, from where the peak begins anew.

    Raises:
        OSError: the system refuses.
        ValueError: it does not tell.
    """
    peak, now = _kept(process)
    (process / "clear_refs").write_bytes(b"5")
    return peak, now


def _kept(process: Path) -> tuple[int, int]:
    """VmHWM and VmRSS in bytes; they are one reading, so the former is never less."""
    text = (process / "status").read_bytes()
    peak, now = (_kilobytes(text, name) for name in (b"\nVmHWM:", b"\nVmRSS:"))
    return 1024 * peak, 1024 * now


def _kilobytes(text: bytes, name: bytes) -> int:
    _, found, rest = text.partition(name)
    if not found:
        raise ValueError(f"no {name.strip().decode()} in status")
    return int(rest.split(maxsplit=1)[0])


def _why_peaks_are_not_known(process: Path) -> str | None:
    """None where the peak rises with what is held for a moment and is back after it was reset."""
    try:
        with mmap.mmap(-1, PROBE_BYTES) as held:
            held.write(b"1" * PROBE_BYTES)
        before, _ = _take_peak(process)
        after, _ = _kept(process)
    except (OSError, ValueError) as error:
        return f"VmHWM cannot be reset here: {type(error).__name__}: {error}"
    if after > before - PROBE_BYTES // 2:
        return "writing to clear_refs does not reset VmHWM here"
    return None
