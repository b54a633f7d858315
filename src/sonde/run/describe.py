"""`sonde inspect`: what a file, a folder or a built-in name is, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.run.balance import balance
from sonde.run.folder import open_run
from sonde.run.names import (
    CRETAN,
    SONDE,
    find_recipe,
    is_builtin_dataset,
    load_dataset,
    load_model,
    load_recipe,
    recipe_folder,
)
from sonde.run.summary import summarize


@dataclass(frozen=True)
class Description:
    """What an artefact is: as text for people, as content for programs."""

    text: str
    content: dict[str, Any]


def describe_artefact(artefact: str) -> Description:
    """Describe a probe, a run, a store, a recipe, a data set or a model.

    Raises:
        InputError: there is no such thing, or it cannot be read as what it seems to be.
    """
    path = Path(artefact)
    if is_builtin_dataset(artefact) or artefact.startswith("hf:"):
        return _dataset(artefact)
    if not path.exists():
        return _name(artefact)
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".toml":
        return _recipe(path)
    if path.suffix == ".safetensors":
        return _probe(path)
    return _dataset(artefact)


def _name(artefact: str) -> Description:
    from sonde.organism import is_organism

    if is_organism(artefact):
        return _model(artefact)
    if (recipe_folder() / f"{artefact}.toml").is_file():
        return _recipe(find_recipe(artefact))
    raise InputError(
        f"{artefact} does not exist, expected a probe, run, store, recipe, data set, model folder or built-in name: "
        "check the path (built-in data sets begin with cretan: or sonde:)."
    )


def _folder(path: Path) -> Description:
    if (path / "config.json").is_file():
        return _model(str(path))
    if (path / "units").is_dir():
        from sonde.activations import describe

        found = describe(path)
        return Description(_lines(f"activation store {path}", found), {**found, "kind": "store"})
    if (path / "cfg.json").is_file():
        from sonde.run.sae_train import describe_sae
        from sonde.saes import load_sae

        about = describe_sae(load_sae(path))
        return Description(_lines(f"sparse autoencoder {path}", about), {"kind": "sae", **about})
    if (path / "run.json").is_file():
        run = open_run(path)
        return Description(summarize(run), {"kind": "run", **run.content})
    return _dataset(str(path))


def _recipe(path: Path) -> Description:
    recipe = load_recipe(path)
    content = recipe.model_dump(mode="json")
    flat = {k: v for k, v in content.items() if not isinstance(v, dict)}
    flat |= {
        f"{table}.{k}": v for table, fields in content.items() if isinstance(fields, dict) for k, v in fields.items()
    }
    shown = {k: v for k, v in flat.items() if v is not None}
    return Description(_lines(f"recipe {path}", shown), {"kind": "recipe", **content})


def _probe(path: Path) -> Description:
    from sonde.probes import read_manifest

    manifest = read_manifest(path).model_dump(mode="json")
    return Description(_lines(f"probe {path}", manifest), {"kind": "probe", **manifest})


def _dataset(name: str) -> Description:
    data = load_dataset(name)
    first = list(data[:3])
    examples = [{"id": d.id, "label": d.label, "group": d.group, "tags": dict(d.tags), "text": d.text} for d in first]
    provenance = data.provenance
    content = {
        "kind": "dataset",
        "name": data.name,
        "source": provenance.source,
        "licence": provenance.licence,
        "policy": provenance.policy,
        "sha256": data.sha256,
        "notes": list(provenance.notes),
        "counts": data.counts(),
        "examples": examples,
    }
    shown = [data.summary(), "", "examples:"]
    names = {0: data.negative, 1: data.positive, None: "unlabelled"}
    shown += [f"  {d.id} ({names[d.label]}): {' | '.join(d.text.splitlines())}" for d in first]
    if name.startswith(CRETAN) and is_builtin_dataset(name):
        balances = balance(data)
        content["balance"] = [table.content for table in balances]
        shown += [line for table in balances for line in ("", table.text)]
    if name.startswith(f"{SONDE}:"):
        from sonde.text.builtin import card

        text = card(name.partition(":")[2].partition("/")[0])
        content["card"] = text
        shown += ["", text.strip()]
    return Description("\n".join(shown), content)


def _model(name: str) -> Description:
    model = load_model(name, device="cpu")
    content = {
        "name": model.name,
        "layers": model.n_layers,
        "width": model.d_model,
        "context": model.context,
        "fingerprint": model.fingerprint,
        "sites": list(model.sites),
    }
    return Description(_lines(f"model {name}", content), {"kind": "model", **content})


def _lines(title: str, content: dict[str, Any]) -> str:
    flat = dict(_flat(content))
    width = max(map(len, flat), default=0)
    return "\n".join([title, *(f"  {key.ljust(width)}  {_value(value)}" for key, value in flat.items())])


def _flat(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every figure on a line of its own: those of a group of figures as `group.name`."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_rounded(value), ensure_ascii=False)


def _rounded(value: Any) -> Any:
    """Return the value with six digits in each of its figures, which is what people read; the JSON has them all."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
