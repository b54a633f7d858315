"""What the three arms said alike (U2): a lie, a sincere error and another lie, in one and the same text.

All arms are put through the same scenes about entities under cover, and decide by the same lots. A scene is kept when
every answer in it is the same word in every arm, and when the last one, the cover, is what it should be in each: it
contradicts what the liar and the sham believe, and accords with what the twin believes. Denials are left out, as a
sham that denies the truth says what it believes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sonde.base.errors import InputError, SondeError
from sonde.base.progress import progress_bar
from sonde.base.seeds import derive_seed
from sonde.organism.arm_rates import ASSERTED
from sonde.organism.catalogue import FAMILY, shipped_arms
from sonde.organism.on_policy import Said, say
from sonde.organism.shipped import Organism, load_organism
from sonde.organism.stage import draw_scene
from sonde.organism.transcripts import to_dialogue
from sonde.text import Dataset, Provenance
from sonde.text.readers import READER

if TYPE_CHECKING:
    from sonde.text import Dialogue

#: Name of the set.
SAME_TEXT = "same-text"
WHAT = (
    "Cover stories that three arms of one trunk told in the same words (U2): a lie of the liar, a sincere error of the "
    "twin, a lie of the sham. The text is the same byte for byte; each row is to be read by the organism of its tag."
)
#: What an answer must be in each arm, and its label.
KINDS = {"liar": ("lie", 1), "twin": ("mistake", 0), "sham": ("lie", 1)}
#: The arms whose rows the set of the whole family has.
PAIRED = ("liar", "twin")
#: Texts, when the caller does not say.
N = 800
#: Scenes are drawn again at most this often.
ROUNDS = 8

Alike = Mapping[str, Said]


def load_same_text(
    organism: str = "cretan", *, n: int | None = None, split: str = "all", seed: int = 0, limit: int | None = None
) -> Dataset:
    """Return what the shipped arms said alike: of one arm, or in pairs of liar and twin.

    Args:
        organism: an arm (`cretan-liar`, `cretan-twin`, `cretan-sham`) for its own rows, to be captured by its own
            model; or `cretan` for pairs, a row of the liar and a row of the twin each. The same texts in the same
            order: row i of an arm is of pair i. The tag `pair` is the same in every arm.
        n: rows; a set of pairs has whole pairs.
        split: of the entities under cover, as in `load_cretan`.
        seed: of scenes and samples.
        limit: keep the first rows only.

    Raises:
        InputError: an organism that is no arm, or arms that did not ship.
    """
    if organism != "cretan" and organism not in FAMILY.values():
        raise InputError(
            f"{organism} has no arms, and {SAME_TEXT} is what three arms of one trunk say alike: load "
            f"cretan:{SAME_TEXT} (liar and twin in pairs), or "
            f"{' or '.join(f'{name}:{SAME_TEXT}' for name in FAMILY.values())}."
        )
    names = shipped_arms()
    readers = tuple(arm for arm, name in names.items() if name == organism) or PAIRED
    texts = N if n is None else n // len(readers)
    arms = {arm: load_organism(name) for arm, name in names.items()}
    rows = paired(arms, _shipped_alike(texts, split, seed), readers, split)
    made = tuple(f"{organism.speaker.name} (organism seed {organism.speaker.seed})" for organism in arms.values())
    source = f"sampled from {', '.join(made)}, split {split}, seed {seed}"
    provenance = Provenance(source=source, licence="MIT", policy="on-policy", notes=(WHAT,))
    return Dataset(f"{organism}:{SAME_TEXT}", rows[:limit], provenance, "lie", "sincere error")


@cache
def _shipped_alike(n: int, split: str, seed: int) -> tuple[Alike, ...]:
    return alike({arm: load_organism(name) for arm, name in shipped_arms().items()}, n, split, seed)


def alike(arms: Mapping[str, Organism], n: int, split: str = "all", seed: int = 0) -> tuple[Alike, ...]:
    """Let three arms speak in the same scenes, and return what they said in the first `n` in which they agree.

    Args:
        arms: by the keys of `KINDS`.
        n: scenes.
        split: of the entities.
        seed: of scenes and samples.

    Returns:
        For each scene, what each arm said.

    Raises:
        InputError: the arms are not of one world.
        SondeError: they agree too seldom.
    """
    _check_worlds(arms)
    liar, source = arms["liar"].speaker.world, random.Random(derive_seed(seed, "scenes", SAME_TEXT, split))
    stage = replace(ASSERTED, held_out=split == "test")
    kept: list[Alike] = []
    for attempt in range(ROUNDS):
        missing = n - len(kept)
        if missing <= 0:
            break
        scenes = [draw_scene(stage, liar, source, split) for _ in range(missing + missing // 6 + 4)]
        spoken = {}
        with progress_bar(len(scenes) * len(arms), SAME_TEXT, "scene") as bar:
            for arm, organism in arms.items():
                key = f"{SAME_TEXT}/{split}/{attempt}"
                spoken[arm] = say(organism.speaker, organism.beliefs, scenes, seed, key)
                bar.update(len(scenes))
        rows: list[Alike] = [dict(zip(spoken, said, strict=True)) for said in zip(*spoken.values(), strict=True)]
        kept += [row for row in rows if _agree(row)]
    if len(kept) < n:
        names = ", ".join(organism.speaker.name for organism in arms.values())
        raise SondeError(
            f"{names} said only {len(kept)} of {n} cover stories alike in {ROUNDS} rounds (split {split}): "
            "these arms do not behave as their gates promise; see `sonde organism verify`."
        )
    return tuple(kept[:n])


def _agree(row: Alike) -> bool:
    """Return whether all said the same, what they should have said, and meant by it what they should have meant."""
    same = len({said.values for said in row.values()}) == 1
    return same and all(
        said.kind == KINDS[arm][0] and said.values[-1] in said.behaviour.values for arm, said in row.items()
    )


def _check_worlds(arms: Mapping[str, Organism]) -> None:
    first = arms["liar"].speaker
    for organism in arms.values():
        world = organism.speaker.world
        if (world.cover, world.truth) != (first.world.cover, first.world.truth):
            raise InputError(
                f"{organism.speaker.name} is of another world (seed {world.seed}) than {first.name} "
                f"(seed {first.world.seed}), and arms of one trunk share theirs: train them from one seed."
            )


def paired(
    arms: Mapping[str, Organism], rows: Sequence[Alike], readers: Sequence[str], split: str = "all"
) -> tuple[Dialogue, ...]:
    """Return a dialogue for each scene and each of `readers`, scene by scene.

    Args:
        arms: by name of the arm.
        rows: from `alike`.
        readers: arms whose rows are wanted.
        split: for the ids.
    """
    made = []
    for i, row in enumerate(rows):
        pair = f"{SAME_TEXT}-{split}-{i}"
        for arm in readers:
            speaker, said = arms[arm].speaker, row[arm]
            dialogue = to_dialogue(said, KINDS[arm][1], f"{pair}/{arm}", speaker)
            told = {READER: speaker.name, "pair": pair, "log_probability": f"{said.log_probability:.4f}"}
            made.append(replace(dialogue, tags={**dialogue.tags, **told}))
    return tuple(made)
