"""From the name of a built-in set to a dataset: which form, which split, how many rows."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

from sonde.base.errors import InputError, unknown_name
from sonde.base.seeds import generator
from sonde.text.builtin.forms import FORMS, Form
from sonde.text.builtin.reading import file_hash
from sonde.text.dataset import Dataset
from sonde.text.dialogue import Dialogue
from sonde.text.provenance import Provenance

#: The name before the colon, as in `sonde:facts`.
PREFIX = "sonde"
SPLITS = ("all", "train", "test", "control")
#: Share of the groups that the split `test` holds.
TEST_SHARE = 0.3


def builtin_names() -> list[str]:
    """Return `sonde:facts`, `sonde:opinions`, …"""
    return [f"{PREFIX}:{name}" for name in FORMS]


def load_builtin(
    name: str,
    *,
    form: str | None = None,
    topics: Collection[str] | None = None,
    split: str = "all",
    n: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Load a built-in set.

    Args:
        name: `facts`, `opinions`, `instructions`, `work` or `chat`; `NAME/FORM` names a form, too.
        form: how the records are put: see `FORMS`; None = the set's first.
        topics: keep rows whose tag `topic` (or `reason`, `kind`, `category`) is one of these.
        split: `train` and `test` share no group and are the same for every seed (a hash of the group decides; for
            `instructions`, the held-out half is `test`); `control` is `test`, except that all of `chat` is control.
        n: at most so many rows, drawn group by group; None = all.
        seed: of that draw.

    Raises:
        InputError: no such set, form, topic or split; `n` below 2.

    Example:
        >>> load_builtin("facts", form="negation", split="test").positive
        'true'
    """
    base, _, suffix = name.partition("/")
    if base not in FORMS:
        raise unknown_name("data set", f"{PREFIX}:{name}", "the built-in data sets", builtin_names())
    chosen = form or suffix or next(iter(FORMS[base]))
    if chosen not in FORMS[base]:
        raise unknown_name("form", chosen, f"{PREFIX}:{base}", FORMS[base])
    if split not in SPLITS:
        raise unknown_name("split", split, f"{PREFIX}:{name}", SPLITS)
    made, title = FORMS[base][chosen], f"{PREFIX}:{base}/{chosen}"
    rows = [row for row in made.rows() if _in_split(base, row, split)]
    if topics is not None:
        rows = _of_topics(rows, topics, title)
    if n is not None:
        rows = _draw(rows, n, seed, title)
    return Dataset(title, tuple(rows), _provenance(base, title, made, split), made.positive, made.negative)


def _in_split(base: str, row: Dialogue, split: str) -> bool:
    if split == "all" or (split == "control" and base == "chat"):
        return True
    return is_test(base, row) == (split != "train")


def is_test(base: str, row: Dialogue) -> bool:
    """Return whether a row's group belongs to the held-out side."""
    if base == "instructions":
        return row.tags["held_out"] == "true"
    digest = hashlib.sha256(str(row.group).encode()).digest()
    return int.from_bytes(digest[:8], "big") < TEST_SHARE * 2**64


def _topic(row: Dialogue) -> str | None:
    return next((row.tags[key] for key in ("topic", "reason", "kind", "category") if key in row.tags), None)


def _of_topics(rows: list[Dialogue], topics: Collection[str], title: str) -> list[Dialogue]:
    wanted = {topics} if isinstance(topics, str) else set(topics)
    known = sorted({str(_topic(row)) for row in rows})
    for topic in sorted(wanted):
        if topic not in known:
            raise unknown_name("topic", topic, title, known)
    return [row for row in rows if _topic(row) in wanted]


def _draw(rows: list[Dialogue], n: int, seed: int, title: str) -> list[Dialogue]:
    """Whole groups in a seeded order until there are `n` rows; the last group may be cut."""
    if not n >= 2:
        raise InputError(f"n is {n} for {title}, expected at least 2 rows: pass a larger n.")
    by_group: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        by_group.setdefault(str(row.group), []).append(i)
    names = sorted(by_group)
    order = generator(seed, "draw", title).permutation(len(names))
    kept = [i for k in order for i in by_group[names[k]]][:n]
    return [rows[i] for i in sorted(kept)]


def _provenance(base: str, title: str, form: Form, split: str) -> Provenance:
    made = Provenance(title, licence="MIT", sha256=file_hash(*form.files), policy=form.policy)
    notes = [form.about, f"How it was made, its balance and its weaknesses: sonde inspect {PREFIX}:{base}."]
    return made.noted(*notes, *_split_note(split))


def _split_note(split: str) -> Iterator[str]:
    if split != "all":
        yield f"Only rows of the split {split!r}."
