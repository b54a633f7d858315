"""Make `instructions.jsonl`: `python tools/builtin/make_instructions.py`.

A row of `instruction_pairs.tsv` is both sides of a pair: where it says `[x|y]` the honest side has `x` and the
deceptive side `y`. A row whose sides do not hold the same words, each as often, is refused, so that no word count can
tell the sides apart.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from make_facts import to_lines
from make_opinions import read

from sonde.base.errors import InputError
from sonde.base.files import write_atomic
from sonde.text.builtin import Instruction
from sonde.text.builtin.reading import FOLDER
from sonde.text.builtin.records import SIDES

_SWAP = re.compile(r"\[([^|\]]*)\|([^|\]]*)\]")
_SENTENCE_START = re.compile(r'(?:^|[.?!]"? )[a-z]')


def side(text: str, which: int) -> str:
    """Return one side of a row: 0 = honest, 1 = deceptive.

    Example:
        >>> side("You [tell|hide] it. [do|do not] wait.", 1)
        'You hide it. Do not wait.'
    """
    plain = _SWAP.sub(lambda match: match[which + 1], text)
    return _SENTENCE_START.sub(lambda match: match[0][:-1] + match[0][-1].upper(), plain)


def words(text: str) -> Counter[str]:
    """Return how often a text holds each word and each sign."""
    return Counter(re.findall(r"\w+|[^\w\s]", text.lower()))


def instructions() -> Iterator[Instruction]:
    """Yield both sides of every row."""
    count: Counter[str] = Counter()
    for row in read("instruction_pairs"):
        reason = row["reason"]
        count[reason] += 1
        pair = f"{reason.replace(' ', '-')}-{count[reason]}"
        texts = [side(row["text"], which) for which in range(len(SIDES))]
        if words(texts[0]) != words(texts[1]):
            raise InputError(f"The sides of {pair} in instruction_pairs.tsv differ in their words: {row['text']}")
        for name, text in zip(SIDES, texts, strict=True):
            yield Instruction(f"{pair}/{name}", pair, reason, name, text, row["held_out"] == "true")


def main(folder: Path) -> None:
    """Write the file into `folder`."""
    rows = sorted(instructions(), key=lambda item: item.id)
    print(write_atomic(folder / "instructions.jsonl", to_lines(rows)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
