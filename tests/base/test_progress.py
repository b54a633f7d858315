"""Bars are for people: on a terminal and in a live notebook, not in an exported one."""

import sys
from types import SimpleNamespace

import pytest

from sonde.base.progress import progress_bar, quiet, watched

CELL = """
import time
from sonde.base.progress import progress_bar
with progress_bar(8, "counting", "step") as bar:
    for _ in range(8):
        time.sleep(0.1)
        bar.update(1)
"""


def running(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


@pytest.mark.parametrize("allowed", [True, False])
def test_a_notebook_is_watched_when_its_front_end_can_be_asked(monkeypatch, allowed):
    running(monkeypatch, SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=allowed)))
    assert watched() is allowed


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("shell", [None, SimpleNamespace()], ids=["python", "ipython"])
def test_elsewhere_a_terminal_is_watched(monkeypatch, shell, terminal):
    running(monkeypatch, shell)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert watched() is terminal


def test_quiet_wins(monkeypatch):
    running(monkeypatch, SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=True)))
    for value, expected in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("SONDE_QUIET", value)
        assert quiet() is expected
        with progress_bar(3, "counting", "step") as bar:
            assert bar.disable is expected


@pytest.mark.slow
@pytest.mark.parametrize("asked", [True, False], ids=["live", "exported"])
def test_a_real_kernel_shows_the_bar_to_people_only(asked):
    manager = pytest.importorskip("jupyter_client.manager")
    with manager.run_kernel(kernel_name="python3") as client:
        said = []
        client.execute_interactive(CELL, allow_stdin=asked, output_hook=said.append, timeout=300)
    text = "".join(m["content"]["text"] for m in said if m["msg_type"] == "stream")
    assert ("counting" in text) is asked
