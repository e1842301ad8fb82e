"""Measures one contender in a process of its own: `python measure.py MODULE ...`, see `command`."""

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np

from night import Night
from prepared import Prepared


def command(module: str, prepared: Path, url: str, storage: Path, every: int) -> list[str]:
    """The command that measures a contender on every so many-th user."""
    arguments = [module, str(prepared), url, str(storage), str(every)]
    return [sys.executable, str(Path(__file__)), *arguments]


def kept_file(prepared: Path, module: str) -> Path:
    """Where the kept pairs are: user_id, job_id, raw; by user, the best first."""
    return prepared / f"{module}.kept.arrow"


def main() -> None:
    """Prints what was measured as JSON, and writes the kept pairs beside the tables."""
    name, folder, url, storage, every = sys.argv[1:]
    module = importlib.import_module(name)
    prepared = Prepared.load(Path(folder))
    if int(every) > 1:
        # Ids are random, so every so many-th user by id is a random share.
        prepared = prepared.of_users(np.arange(0, len(prepared.users), int(every)))
    start = time.perf_counter()
    engine = module.Engine(Night(prepared, url, Path(storage)))
    made = time.perf_counter()
    engine.score()
    scored = time.perf_counter()
    engine.write()
    written = time.perf_counter()
    kept = engine.kept()
    if len(kept):
        kept = kept.join(
            prepared.users.select("user_no", "user_id"), on="user_no", maintain_order="left"
        )
        kept = kept.join(
            prepared.jobs.select("job_no", "job_id"), on="job_no", maintain_order="left"
        )
        kept.select("user_id", "job_id", "raw").write_ipc(kept_file(Path(folder), name))
    # Who loads and writes user by user says how long the scoring in between took.
    score = getattr(engine, "scoring_seconds", scored - made)
    result = {
        "name": module.NAME,
        "users": len(prepared.users),
        "set_up": made - start,
        "score": score,
        "other": scored - made - score,
        "write": written - scored,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
