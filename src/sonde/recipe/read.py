"""Reading recipes: TOML in, a frozen `Recipe` out, every mistake one sentence that names the key."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sonde.base.errors import InputError, unknown_name
from sonde.recipe.fields import Recipe


def read_recipe(path: str | Path, settings: Sequence[str] = ()) -> Recipe:
    """Read the recipe file `path`, with `key=value` settings applied on top.

    Raises:
        InputError: the file is missing or not TOML, a key is unknown, or a value does not fit its field.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Recipe {path} cannot be read ({error.strerror}): check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"Recipe {path} is not UTF-8 text (byte {error.start}): save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"Recipe {path} is not valid TOML ({error}): correct that line.") from error
    return parse_recipe(apply_settings(content, settings), where=str(path))


def parse_recipe(content: Mapping[str, Any], where: str = "the recipe") -> Recipe:
    """Make a `Recipe` of nested mappings.

    Example:
        >>> parse_recipe({"name": "truth", "model": "cretan", "data": {"train": "facts.csv"}}).probe.folds
        5
    """
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        details = sorted(error.errors(), key=lambda d: d["type"] != "extra_forbidden")  # a typo explains a missing key
        raise _sentence(details[0], where) from error


def apply_settings(content: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return `content` with `key=value` settings applied.

    A key is dotted (`probe.l2`), or the field's bare name where only one field has it (`l2`). A value is read as TOML;
    what is no TOML value is taken as a string.
    """
    merged = {k: dict(v) if isinstance(v, Mapping) else v for k, v in content.items()}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"Setting {setting!r} has no '=': write --set key=value, for example --set probe.folds=3.")
        *tables, field = _full_key(key.strip()).split(".")
        table = merged
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise InputError(f"Recipe key {name!r} holds a value, expected a table [{name}]: correct the recipe.")
        table[field] = _value(value.strip())
    return merged


def recipe_keys() -> dict[str, type[BaseModel]]:
    """Return every dotted key of a recipe, with the table it stands in."""
    keys: dict[str, type[BaseModel]] = {}
    for name, field in Recipe.model_fields.items():
        table = _table_of(field.annotation)
        if table is None:
            keys[name] = Recipe
        else:
            keys.update({f"{name}.{inner}": table for inner in table.model_fields})
    return keys


def _table_of(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a field holds, also where the table may be left out."""
    kinds = (annotation, *typing.get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _full_key(key: str) -> str:
    keys = recipe_keys()
    matches = [k for k in keys if k == key] or [k for k in keys if k.rpartition(".")[2] == key]
    if len(matches) == 1:
        return matches[0]
    raise unknown_name("recipe key", key, f"--set {key}=…", matches or keys)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _sentence(detail: ErrorDetails, where: str) -> InputError:
    location = [part for part in detail["loc"] if isinstance(part, str)]
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        prefix = ".".join(location[:-1])
        valid = _fields_of(prefix)
        return unknown_name("recipe key", location[-1], f"{where}{f' [{prefix}]' if prefix else ''}", valid)
    if detail["type"] == "missing":
        return InputError(f"Recipe key {key!r} is missing in {where}: add it.")
    reason = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return InputError(f"Recipe key {key!r} in {where} is {_short(detail['input'])}, expected {reason}: correct it.")


def _fields_of(prefix: str) -> list[str]:
    model: Any = Recipe
    for name in filter(None, prefix.split(".")):
        annotation = model.model_fields[name].annotation
        model = typing.get_args(annotation)[0] if typing.get_args(annotation) else annotation
    return list(model.model_fields)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
