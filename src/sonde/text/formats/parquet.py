"""Parquet files: the same columns as a labelled table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sonde.base.errors import InputError
from sonde.text.formats.base import Options
from sonde.text.formats.rows import read_rows
from sonde.text.reading import read_bytes
from sonde.text.records import Source


@dataclass(frozen=True)
class Parquet:
    """Apache Parquet, read by pyarrow."""

    name: str = "parquet"
    suffixes: tuple[str, ...] = (".parquet",)

    def matches(self, path: Path, head: str) -> bool:
        """By its ending, or by its magic bytes."""
        return path.suffix.lower() in self.suffixes or head.startswith("PAR1")

    def read(self, path: Path, options: Options) -> Source:
        """Read every row; a row's number counts from 1."""
        import io

        import pyarrow

        data = read_bytes(path)
        try:
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(io.BytesIO(data))
        except (pyarrow.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise InputError(f"{path} is not a readable Parquet file ({reason}): write it anew.") from error
        return read_rows(table.column_names, table.to_pylist(), str(path), options)
