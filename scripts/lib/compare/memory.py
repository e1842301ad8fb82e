"""Peak memory of processes, by sampling Linux's proportional set size: shared pages count once."""

import threading
from collections.abc import Callable
from pathlib import Path


def tree_of(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it has ended
    return found


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


class Peak:
    """Within `with`, samples twice a second; then `bytes` is the highest sum, 0 if not readable."""

    def __init__(self, processes: Callable[[], list[int]]) -> None:
        """`processes` says whose memory is added up."""
        self.bytes = 0
        self._processes = processes
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self._done.wait(0.5):
            self.bytes = max(self.bytes, sum(map(_pss_bytes, self._processes())))

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
