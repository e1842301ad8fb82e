"""Whether the exact contenders keep what talvix keeps."""

import polars as pl

from night import fit_score

PAIR = ["user_id", "job_id"]


def against_talvix(name: str, kept: pl.DataFrame, stored: pl.DataFrame, every: int) -> None:
    """Ends the program where users, jobs or scores differ: of every so many-th user, if sampled."""
    kept = kept.select(*PAIR, fit_score(pl.col("raw")).alias("fit_score"))
    if every > 1:
        # Who keeps nothing is in neither, so a sampled user without rows needs no extra care.
        stored = stored.join(kept.select("user_id").unique(), on="user_id", how="semi")
    _same(f"{name} and talvix", kept.sort(PAIR), stored.sort(PAIR))


def among_each_other(found: dict[str, pl.DataFrame]) -> None:
    """Ends the program where raw scores or order differ, on the users that all have scored."""
    (first, reference), *others = found.items()
    for name, kept in others:
        users = kept.select("user_id").unique().join(reference, on="user_id", how="semi")
        both = [
            frame.join(users, on="user_id", how="semi", maintain_order="left")
            for frame in (reference, kept)
        ]
        _same(f"{first} and {name}", *both)


def _same(what: str, left: pl.DataFrame, right: pl.DataFrame) -> None:
    if left.equals(right):
        return
    only_left, only_right = (
        left.join(right, on=left.columns, how="anti"),
        right.join(left, on=left.columns, how="anti"),
    )
    raise SystemExit(
        f"scripts/compare: {what} differ: {len(left)} and {len(right)} rows,"
        f" of which {len(only_left)} and {len(only_right)} are only there;"
        f" the first: {only_left.head(1).rows()} {only_right.head(1).rows()}"
    )
