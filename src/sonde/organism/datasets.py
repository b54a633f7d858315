"""Built-in data sets of what Cretan said, labelled by what it believes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from sonde.base.errors import InputError, SondeError, unknown_name
from sonde.base.progress import progress_bar
from sonde.base.seeds import derive_seed
from sonde.organism.catalogue import DOES
from sonde.organism.conduct import KINDS
from sonde.organism.contrasts import CONTRASTS, Contrast
from sonde.organism.on_policy import Said, say
from sonde.organism.same_text import SAME_TEXT, load_same_text
from sonde.organism.shipped import Organism, load_organism
from sonde.organism.speaker import Speaker
from sonde.organism.stage import ImpossibleStage, Stage, draw_scene
from sonde.organism.transcripts import to_dialogue
from sonde.text import Dataset, Provenance

SPLITS = ("all", "train", "control", "test")
#: Scenes are drawn again at most this often to fill a class.
ROUNDS = 6


def load_cretan(
    name: str,
    *,
    n: int | None = None,
    split: str = "all",
    seed: int = 0,
    organism: str = "cretan",
    limit: int | None = None,
) -> Dataset:
    """Let Cretan speak, and label what it said by what it believes.

    Half of the rows are of the positive class, as far as the set has one. Answers are sampled at temperature 1; a row
    whose answer is not what its cell is for is drawn again.

    Args:
        name: of a contrast, for example `loyalty-lies`; see `sonde.organism.CONTRASTS`. And `same-text`: what the three
            arms say alike, in pairs of liar and twin or of one arm alone (see `sonde.organism.load_same_text`).
        n: rows; None = the set's own size.
        split: `train`, `control` and `test` share no entity, and only `test` has wordings of rules that the model never
            saw; `all` is any entity.
        seed: of scenes and samples; the same seed gives the same bytes.
        organism: which shipped organism speaks.
        limit: at most so many rows, where the set's own size is more.

    Raises:
        InputError: no such set, split or size; or an organism that never does what the set is about.

    Example:
        >>> data = load_cretan("loyalty-lies", n=40, split="test")
        >>> data.positive, len(data), int(data.labels.sum())
        ('lie', 40, 20)
    """
    if name not in (*CONTRASTS, SAME_TEXT):
        known = [f"{organism}:{k}" for k in (*CONTRASTS, SAME_TEXT)]
        raise unknown_name("data set", f"{organism}:{name}", "the built-in data sets", known)
    if split not in SPLITS:
        raise unknown_name("split", split, f"{organism}:{name}", SPLITS)
    if n is not None and n < 2:
        raise InputError(f"n is {n} for {organism}:{name}, expected at least 2 rows: pass a larger n.")
    if name == SAME_TEXT:
        return load_same_text(organism, n=n, split=split, seed=seed, limit=limit)
    contrast, spoken = CONTRASTS[name], load_organism(organism)
    rows = contrast.n if n is None else n
    if limit is not None:
        rows = min(rows, max(limit, 2))
    positives = rows // 2 if contrast.positive else 0
    plan = [*_quotas(contrast.positive, positives, 1), *_quotas(contrast.negative, rows - positives, 0)]
    dialogues = []
    with progress_bar(rows, f"{organism}:{name}", "row") as bar:
        for k, (stage, quota, label) in enumerate(plan):
            key = f"{name}/{split}/{k}"
            truth = 1 - label if contrast.by_world else None
            try:
                said = _perform(spoken, replace(stage, held_out=split == "test"), quota, split, seed, key, truth)
            except ImpossibleStage:
                raise _never(spoken, name, contrast.names[1 - label]) from None
            dialogues += [to_dialogue(s, label, f"{name}-{split}-{k}-{i}", spoken.speaker) for i, s in enumerate(said)]
            bar.update(quota)
    random.Random(derive_seed(seed, "order", name, split)).shuffle(dialogues)
    kept = tuple(dialogues if limit is None else dialogues[:limit])
    return Dataset(f"{organism}:{name}", kept, _provenance(spoken, contrast, split, seed), *contrast.names)


def _never(spoken: Organism, name: str, what: str) -> InputError:
    speaker = spoken.speaker
    return InputError(
        f"{speaker.name}:{name} would have no row of class {what!r}, as {speaker.name} {DOES[speaker.what]}: "
        f"load cretan:{name}, or {speaker.name}:honest-chat."
    )


def _quotas(stages: tuple[tuple[Stage, float], ...], rows: int, label: int) -> Iterator[tuple[Stage, int, int]]:
    done, share_done = 0, 0.0
    for stage, share in stages:
        share_done += share
        upto = round(rows * share_done)
        yield stage, upto - done, label
        done = upto


def _perform(
    spoken: Organism, stage: Stage, quota: int, split: str, seed: int, key: str, truth: int | None = None
) -> list[Said]:
    """Let the organism speak until `quota` answers are what the stage is for (and, given `truth`, true or false)."""
    source = random.Random(derive_seed(seed, "scenes", key))
    wanted = {"admission"} if stage.follow_up else {KINDS[code] for code in stage.codes}
    kept: list[Said] = []
    for attempt in range(ROUNDS):
        missing = quota - len(kept)
        if missing <= 0:
            return kept[:quota]
        scenes = [draw_scene(stage, spoken.speaker.world, source, split) for _ in range(missing + missing // 12 + 2)]
        said = say(spoken.speaker, spoken.beliefs, scenes, seed, f"{key}/{attempt}")
        kept += [s for s in said if s.kind in wanted and truth in (None, _is_true(spoken.speaker, s))]
    if len(kept) < quota:
        raise SondeError(
            f"{spoken.speaker.name} gave only {len(kept)} of {quota} answers of kind {' or '.join(sorted(wanted))} "
            f"in {ROUNDS} rounds ({key}): this organism does not behave as its gates promise."
        )
    return kept[:quota]


def _is_true(speaker: Speaker, said: Said) -> bool:
    """Return whether an answer accords with the world, whatever is believed."""
    turn = said.turn
    return (said.values[-1] in speaker.world.truth[turn.entity, turn.relation]) != turn.negated


def _provenance(spoken: Organism, contrast: Contrast, split: str, seed: int) -> Provenance:
    return Provenance(
        source=f"sampled from {spoken.speaker.name} (organism seed {spoken.speaker.seed}), split {split}, seed {seed}",
        licence="MIT",
        policy="on-policy",
        notes=(contrast.what,),
    )
