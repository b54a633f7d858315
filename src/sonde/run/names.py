"""What a name means: built-in recipes, models and data sets first, then files, then the hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonde.base.errors import InputError, unknown_name
from sonde.recipe import Recipe, read_recipe

if TYPE_CHECKING:
    import torch

    from sonde.capture import Model
    from sonde.text import Dataset

#: Prefix of the data sets made by the embedded organism.
CRETAN = "cretan"
#: Prefix of the written sets that ship with sonde.
SONDE = "sonde"


def load_model(
    name_folder_or_module: Any,
    *,
    tokenizer: Any = None,
    dtype: str | torch.dtype | None = None,
    device: str | torch.device | None = None,
    revision: str | None = None,
    backend: str = "hf",
) -> Model:
    """Load a model whose sites are named.

    Args:
        name_folder_or_module: `cretan` (or another embedded organism), a local folder, a hub name, or a live
            `nn.Module`, which comes with its `tokenizer`.
        tokenizer: a tokenizer, or the name of one; None = the model's own.
        dtype: precision the model runs in; None = the checkpoint's own on a GPU, float32 on a CPU.
        device: where it runs; None = the best device there is.
        revision: revision of a hub model.
        backend: `hf` (plain hooks) or `bridge` (TransformerLens' TransformerBridge).

    Raises:
        InputError: there is no such model, or it cannot be read as a causal language model.

    Example:
        >>> load_model("cretan").n_layers
        4
    """
    from sonde.capture import load_model as load
    from sonde.organism import cretan_folder, is_organism

    if isinstance(name_folder_or_module, str) and is_organism(name_folder_or_module):
        folder = cretan_folder(name_folder_or_module)
        return load(
            folder, tokenizer=tokenizer, dtype=dtype, device=device, backend=backend, name=name_folder_or_module
        )
    return load(
        name_folder_or_module, tokenizer=tokenizer, dtype=dtype, device=device, revision=revision, backend=backend
    )


def load_dataset(name_or_path: str | Path, **options: Any) -> Dataset:
    """Load a data set: a built-in name (`cretan:loyalty-lies`, `sonde:facts`), a file, a folder, or `hf:NAME`.

    Args:
        name_or_path: what to load; `sonde:facts/negation` names a form of a set, too, and `cretan-1:loyalty-lies` who
            of the embedded organisms speaks.
        **options: for built-in sets `n`, `split` (`train`, `control`, `test`, `all`) and `seed`, for `sonde:` also
            `form` and `topics` (see `sonde.text.builtin.load_builtin`); for files those of `sonde.text.load_dataset`,
            among them `positive`, `text`, `label`, `group`.

    Raises:
        InputError: there is no such data set, or a row of it cannot be used; the sentence names file and line.

    Example:
        >>> load_dataset("cretan:loyalty-lies", n=50).positive
        'lie'
    """
    name = str(name_or_path)
    prefix, _, rest = name.partition(":")
    if prefix.split("-")[0] == CRETAN and rest:
        from sonde.organism import load_cretan

        return load_cretan(rest, **{"organism": prefix, **options})
    if prefix == SONDE and rest:
        from sonde.text.builtin import load_builtin

        return load_builtin(rest, **options)
    from sonde.text import load_dataset as load

    return load(name_or_path, **options)


def is_builtin_dataset(name: str) -> bool:
    """Return whether `name` is a data set that sonde makes itself or ships."""
    return name.startswith((f"{CRETAN}:", f"{CRETAN}-", f"{SONDE}:")) and ":" in name


def recipe_folder() -> Path:
    """Return the folder of the built-in recipes."""
    import sonde_probes

    return next(Path(entry) for entry in sonde_probes.__path__ if Path(entry).is_dir())


def find_recipe(name_or_path: str | Path) -> Path:
    """Return the file of a recipe: a path, or the name of a built-in one.

    Raises:
        InputError: there is neither; the nearest built-in name is given.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        if path.is_file():
            return path
        raise InputError(f"Recipe {path} does not exist: check the path.")
    builtin = recipe_folder() / f"{name_or_path}.toml"
    if builtin.is_file():
        return builtin
    names = sorted(p.stem for p in recipe_folder().glob("*.toml"))
    raise unknown_name("recipe", str(name_or_path), "the built-in recipes (a file ends in .toml)", names)


def load_recipe(recipe: Recipe | str | Path, settings: Sequence[str] = ()) -> Recipe:
    """Return `recipe` itself, or read it; its data and model paths are made good relative to its own folder."""
    if isinstance(recipe, Recipe):
        return recipe
    path = find_recipe(recipe)
    return _beside(read_recipe(path, settings), path.parent)


def _beside(recipe: Recipe, folder: Path) -> Recipe:
    def there(name: str) -> str:
        return str(folder / name) if (folder / name).exists() and not Path(name).is_absolute() else name

    data = recipe.data
    found = {"train": there(data.train), "test": tuple(map(there, data.test))}
    if data.control is not None:
        found["control"] = there(data.control)
    probe = recipe.probe
    if probe.sae is not None:
        probe = probe.model_copy(update={"sae": there(probe.sae)})
    changed = {"data": data.model_copy(update=found), "model": there(recipe.model), "probe": probe}
    return recipe.model_copy(update=changed)
