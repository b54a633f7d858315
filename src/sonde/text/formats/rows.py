"""Rows with named columns from any typed table: dialogues where there is a message column, else texts with labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sonde.text.formats.base import Options
from sonde.text.formats.liars_bench import CLASSES, is_liars_bench, liars_bench_record
from sonde.text.formats.table import read_table
from sonde.text.records import Source, read_record


def read_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], where: str, options: Options) -> Source:
    """Read rows whose values are typed (Parquet, Hugging Face), numbered from 1."""
    if is_liars_bench(list(columns)) and not options.columns:
        made = [liars_bench_record(row, f"{where} row {i}") for i, row in enumerate(rows, start=1)]
        return Source(made, classes=CLASSES, policy="off-policy")
    if "messages" in options.columns or {"messages", "conversations"} & set(columns):
        records = [
            read_record({k: v for k, v in row.items() if v is not None}, f"{where} row {i}", options.columns)
            for i, row in enumerate(rows, start=1)
        ]
        return Source(records)
    return read_table(columns, list(enumerate(rows, start=1)), where, options, unit="row")
