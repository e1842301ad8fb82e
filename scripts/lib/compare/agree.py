"""Whether the exact contenders keep what talvix keeps."""

import polars as pl

from night import fit_score

PAIR = ["user_id", "job_id"]


def against_talvix(
    name: str, kept: pl.DataFrame, stored: pl.DataFrame, users: pl.DataFrame
) -> None:
    """Ends the program where the pairs of these users, or their scores, differ."""
    kept = kept.select(*PAIR, fit_score(pl.col("raw")).alias("fit_score"))
    stored = stored.join(users, on="user_id", how="semi")
    _same(f"{name} and talvix", kept.sort(PAIR), stored.sort(PAIR))


def among_each_other(found: dict[str, pl.DataFrame]) -> None:
    """Ends the program where raw scores or order differ, for users that both have scored.

    talvix stores neither.
    """
    (first, reference), *others = found.items()
    for name, kept in others:
        users = kept.select("user_id").unique().join(reference, on="user_id", how="semi")
        left, right = (
            frame.join(users, on="user_id", how="semi", maintain_order="left")
            for frame in (reference, kept)
        )
        _same(f"{first} and {name}", left, right)


def _same(what: str, left: pl.DataFrame, right: pl.DataFrame) -> None:
    if left.equals(right):
        return
    only_left = left.join(right, on=left.columns, how="anti")
    only_right = right.join(left, on=left.columns, how="anti")
    raise SystemExit(
        f"scripts/compare: {what} differ: {len(left)} and {len(right)} rows, of which"
        f" {len(only_left)} and {len(only_right)} are only there (else the order is another);"
        f" the first: {only_left.head(1).rows()} {only_right.head(1).rows()}"
    )
