"""Which model a row is to be read by, where a dataset says so."""

from __future__ import annotations

from sonde.base.errors import InputError
from sonde.text.dataset import Dataset

#: Tag that names the model whose activations a row's label is about.
READER = "read_by"


def check_one_reader(data: Dataset) -> None:
    """Check that one model may read all rows: what one model says as a lie, another may believe.

    Raises:
        InputError: the rows' tags `read_by` name several.
    """
    names = sorted({name for name in data.tags.get(READER, ()) if name is not None})
    if len(names) > 1:
        raise InputError(
            f"Dataset {data.name!r} has rows of {len(names)} models ({', '.join(names)}), and its labels hold for "
            f"each row's own: capture {' and '.join(f'{n}:' + data.name.partition(':')[2] for n in names)}, each with "
            "its own model."
        )
