"""The Markdown table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A contender's line; seconds and bytes, for all users."""

    name: str
    # Of how many users the rest is, where not of all.
    sampled_users: int | None
    score_seconds: float
    night_seconds: float
    # 0: not measured.
    peak_bytes: int


def table(rows: list[Row]) -> str:
    """All lines, with ratios to the first, which is talvix."""
    lines = [
        "| | scoring, s | × talvix | whole night, s | × talvix | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    ours = rows[0]
    for row in rows:
        sampled = f", from {row.sampled_users:,} users" if row.sampled_users else ""
        memory = f"{row.peak_bytes / 1e6:,.0f}" if row.peak_bytes else "not measured"
        lines.append(
            f"| {row.name}{sampled} | {row.score_seconds:,.2f}"
            f" | {row.score_seconds / ours.score_seconds:,.1f} | {row.night_seconds:,.1f}"
            f" | {row.night_seconds / ours.night_seconds:,.1f} | {memory} |"
        )
    return "\n".join(lines)
