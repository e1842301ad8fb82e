"""Texts: the names of skills, and which of them a resume says. See docs/scoring.md."""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

WORD = re.compile(r"(?:[^\W_]|[+#.])+")
# Makes a space of every ASCII character that is in no word: much faster than WORD.
APART = {at: " " for at in range(128) if not WORD.match(chr(at))}


def fold(text: str) -> str:
    """NFKC and lower case, until nothing changes."""
    if text.isascii():
        return text.lower()
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", text).lower()
        if folded == text:
            break
        text = folded
    return text


def canonical(text: str) -> str:
    """The spelling that skills are compared by."""
    return " ".join(fold(text).split())


def words(text: str) -> list[str]:
    """The words of a text, without full stops at their ends."""
    text = fold(text)
    found = text.translate(APART).split() if text.isascii() else WORD.findall(text)
    return [word for word in (word.rstrip(".") for word in found) if word]


def read_aliases(path: Path) -> dict[str, str]:
    """The alias table: spelling to name."""
    with path.open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        pairs = ((canonical(row["alias"]), canonical(row["canonical"])) for row in rows)
        return {alias: name for alias, name in pairs if alias and name and alias != name}


class Skills:
    """The skills that jobs list, by number, and what says them."""

    def __init__(self, names: Iterable[str], aliases: dict[str, str]) -> None:
        self.numbers = {name: number for number, name in enumerate(names)}
        self._aliases = aliases
        self._spellings: dict[str, int | None] = {}
        # By how many words a form has: its words (a lone word as it is) -> the skills it says.
        self._forms: dict[int, dict] = defaultdict(lambda: defaultdict(set))
        forms = [*((name, name) for name in self.numbers), *aliases.items()]
        for form, name in forms:
            parts = words(form)
            joined = " ".join(parts)
            if name in self.numbers and parts and (len(joined) >= 3 or not joined.isalpha()):
                key = joined if len(parts) == 1 else tuple(parts)
                self._forms[len(parts)][key].add(self.numbers[name])

    def named(self, spelling: str) -> int | None:
        """The number of a listed skill; none where no job lists it."""
        if spelling not in self._spellings:
            name = canonical(spelling)
            self._spellings[spelling] = self.numbers.get(self._aliases.get(name, name))
        return self._spellings[spelling]

    def said(self, text: str) -> set[int]:
        """The numbers of the skills whose words stand in a row in the text."""
        found = words(text)
        said = set()
        for length, forms in self._forms.items():
            rows = (
                found if length == 1 else zip(*(found[at:] for at in range(length)), strict=False)
            )
            said.update(*(forms[row] for row in rows if row in forms))
        return said
