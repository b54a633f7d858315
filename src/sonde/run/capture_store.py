"""`sonde capture`: the activations of a recipe's training data, or of any data, to a store on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.capture import capture
from sonde.recipe import Recipe, apply_settings, parse_recipe
from sonde.run.names import find_recipe, is_builtin_dataset, load_dataset, load_model, load_recipe, recipe_folder
from sonde.run.rollouts import with_rollout


def capture_to_store(
    source: str,
    *,
    out: str | Path,
    model: str | None = None,
    sites: Sequence[str] | None = None,
    tokens: str | None = None,
    settings: Sequence[str] = (),
    dtype: str | None = None,
    device: str | None = None,
    force: bool = False,
) -> Path:
    """Write activations to the store `out` and return its path; an unfinished store is resumed.

    Args:
        source: a recipe (its training data is captured), a data file or folder, or a built-in data set.
        out: the store's folder.
        model, sites, tokens, dtype, device: as in a recipe, and before what the recipe says. A store keeps token rows;
            they are pooled when it is read, so a recipe's `pool` plays no part.
        settings: `key=value` overrides of the recipe (for data without one: of a recipe that holds the defaults).
        force: remove what `out` holds and start over.

    Raises:
        InputError: the source cannot be read, no model is named, or `out` holds something else.
    """
    recipe = _recipe(source, model, settings)
    given = {"sites": sites, "tokens": tokens, "dtype": dtype, "device": device}
    chosen: dict[str, Any] = {**recipe.capture.model_dump(), **{k: v for k, v in given.items() if v is not None}}
    del chosen["pool"]
    out = Path(out)
    recipe = with_rollout(recipe)
    data = load_dataset(recipe.data.train, **_options(recipe))
    loaded = load_model(
        model or recipe.model, dtype=chosen.pop("dtype"), device=chosen.pop("device"), revision=recipe.revision
    )
    if force and out.is_dir():
        shutil.rmtree(out)  # only now that data and model are known to be good
    capture(loaded, data, store=out, **chosen)
    return out


def _recipe(source: str, model: str | None, settings: Sequence[str]) -> Recipe:
    if _is_recipe(source):
        return load_recipe(source, settings)
    if model is None:
        raise InputError(f"No model is named to capture {source} with: pass --model, for example --model cretan.")
    content = {"name": "capture", "model": model, "data": {"train": source}}
    return parse_recipe(apply_settings(content, settings), where="--set")


def _is_recipe(source: str) -> bool:
    if source.endswith(".toml"):
        return find_recipe(source).is_file()
    return (recipe_folder() / f"{source}.toml").is_file() and not Path(source).exists()


def _options(recipe: Recipe) -> dict[str, Any]:
    if is_builtin_dataset(recipe.data.train):
        return {} if recipe.data.limit is None else {"n": recipe.data.limit}
    names = ("text", "label", "group", "negative", "format", "limit")
    given = {name: value for name in names if (value := getattr(recipe.data, name)) is not None}
    stated = "positive" in recipe.model_fields_set
    return {**given, "positive": recipe.positive} if stated else given
