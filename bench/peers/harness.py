"""Interleaved timing: all peers in one process, in shuffled order, medians of quiet samples."""

import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

SAMPLE_SECONDS = 0.003  # a sample repeats short calls until it lasts this long
SETTLE_SECONDS = 0.002  # between samples, and as long again until no other thread runs
SETTLE_AT_MOST = 0.1
DELAY_SHARE = 0.02  # a sample that waited longer for a processor is dropped


@dataclass
class Peer:
    """A way to do the work: one call, and what it computed, under names that all peers share."""

    name: str
    run: Callable[[], object]
    results: Callable[[], dict[str, np.ndarray]] = dict
    note: str = ""


@dataclass
class Timing:
    kept: list[float] = field(default_factory=list)
    dropped: list[float] = field(default_factory=list)
    repeats: int = 1
    spent: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.kept or self.dropped)

    @property
    def best(self) -> float:
        return min(self.kept or self.dropped)


def run_queue_delay() -> float:
    """Seconds that this process's threads have waited for a processor, all together."""
    total = 0
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/schedstat", "rb") as file:
                total += int(file.read().split()[1])
        except OSError:
            pass  # the thread has ended
    return total * 1e-9


def another_runs() -> bool:
    """Whether a thread of this process besides the calling one runs, or waits for a processor."""
    for task in set(os.listdir("/proc/self/task")) - {str(threading.get_native_id())}:
        try:
            with open(f"/proc/self/task/{task}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[0] == b"R":
                    return True
        except OSError:
            pass  # the thread has ended
    return False


def settle() -> None:
    """Waits until the last peer's threads sleep: OpenMP's spin for some milliseconds after their work, on the
    processors that the next peer needs."""
    start = time.perf_counter()
    time.sleep(SETTLE_SECONDS)
    while another_runs() and time.perf_counter() < start + SETTLE_AT_MOST:
        time.sleep(SETTLE_SECONDS)


def sample(peer: Peer, timing: Timing) -> None:
    settle()
    before = run_queue_delay()
    if timing.repeats > 1:
        peer.run()  # its weights are in the cache again
    start = time.perf_counter()
    for _ in range(timing.repeats):
        peer.run()
    seconds = time.perf_counter() - start
    delay = run_queue_delay() - before
    quiet = delay <= max(DELAY_SHARE * seconds, 20e-6)
    (timing.kept if quiet else timing.dropped).append(seconds / timing.repeats)
    timing.spent += seconds


def repeats(peer: Peer) -> int:
    """Calls that fill a sample, by the fastest of some: the first ones after a rest are slow."""
    settle()
    peer.run()
    fastest, first = float("inf"), time.perf_counter()
    while time.perf_counter() < first + SAMPLE_SECONDS:
        start = time.perf_counter()
        peer.run()
        fastest = min(fastest, time.perf_counter() - start)
    return max(1, round(SAMPLE_SECONDS / max(fastest, 1e-7)))


def interleave(
    peers: list[Peer], seconds: float, fewest: int = 7, most: int = 101, seed: int = 1
) -> dict[str, Timing]:
    """Samples every peer for about `seconds` of its own time, and at least `fewest` quiet times."""
    timings = {peer.name: Timing(repeats=repeats(peer)) for peer in peers}
    order = random.Random(seed)
    while True:
        waiting = [peer for peer in peers if wants_more(timings[peer.name], seconds, fewest, most)]
        if not waiting:
            return timings
        order.shuffle(waiting)
        for peer in waiting:
            sample(peer, timings[peer.name])


def wants_more(timing: Timing, seconds: float, fewest: int, most: int) -> bool:
    taken = len(timing.kept) + len(timing.dropped)
    if taken >= most or (taken >= fewest and timing.spent >= 3 * seconds):
        return False  # enough, or too noisy to wait for quiet
    return len(timing.kept) < fewest or timing.spent < seconds


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins with a cache line, as the arrays of every framework do."""
    room = np.empty(array.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


def disagreement(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> float:
    """The largest difference in any array, relative to the largest value there."""
    worst = 0.0
    for name, reference in want.items():
        if name in got:
            scale = float(np.abs(reference).max()) or 1.0
            worst = max(worst, float(np.abs(got[name] - reference).max()) / scale)
    return worst
