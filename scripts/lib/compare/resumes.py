"""Parsed resumes: gzip, JSON, and the skills that they list or say."""

import gzip
import json
import multiprocessing
import zlib
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from texts import Skills

LEVELS = {"intern": 1, "junior": 2, "mid": 3, "senior": 4, "lead": 5, "entry": 6}
MOST_TENTHS = 9_999

# What the processes that read share with the one that forks them.
_folder: Path
_skills: Skills


def read_resumes(
    folder: Path, users: list[str], skills: Skills
) -> list[tuple[str, int, int, list[int]] | None]:
    """Each user's id, experience in tenths (-1 unknown), level (0 unknown) and skills.

    None where the resume cannot be read. Two processes share the files.
    """
    global _folder, _skills
    _folder, _skills = folder, skills
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(_read, users, chunksize=500)


def _read(user: str) -> tuple[str, int, int, list[int]] | None:
    try:
        resume = json.loads(gzip.decompress((_folder / f"{user}.json.gz").read_bytes()))
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    if not isinstance(resume, dict) or resume.get("user_id", user) != user:
        return None
    skills = {_skills.named(skill) for skill in resume.get("skills") or []}
    skills |= _skills.said(resume.get("raw_text") or "")
    skills.discard(None)
    level = (resume.get("seniority_level") or "").strip().lower()
    return user, _tenths(resume.get("experience_years")), LEVELS.get(level, 0), sorted(skills)


def _tenths(years: float | None) -> int:
    if years is None:
        return -1
    tenths = int((Decimal(repr(years)) * 10).quantize(Decimal(1), ROUND_HALF_UP))
    return tenths if 0 <= tenths <= MOST_TENTHS else -1
