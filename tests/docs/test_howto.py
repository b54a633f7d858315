"""Every block of the how-to pages runs, in order, offline, in an empty folder."""

import re
import shlex
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "howto").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_there_are_pages():
    assert PAGES


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for language, body in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(body, page.name, "exec"), names)
        elif language == "sh":
            for line in body.strip().splitlines():
                assert run(line) in (0, 3), line


def run(line: str) -> int:
    """Run one `sonde …` line in this process; return its exit code."""
    from sonde.cli import main

    program, *arguments = shlex.split(line, comments=True)
    assert program == "sonde"
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)
