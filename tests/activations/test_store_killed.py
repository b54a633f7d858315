"""A writer that is killed at any step, and resumed, leaves the bytes of one that never was.

Every system call that changes the folder is a step, and every write to a file is two (half of it gets out). The writer
runs in a forked child that sends itself SIGKILL at step `k`, for every `k`. The last words of a file that was never
fsynced cannot be lost this way; that the calls come in the order that makes them safe is a test of its own.
"""

import builtins
import os
import signal
import tempfile

import pytest
import torch
from tests.activations.helpers import make_activations
from tests.activations.test_store import MANIFEST, fill, snapshot

from sonde.activations import create_store, open_store, unit

ACTS = make_activations((2, 1, 3), predictions=False)
UNITS = {"u0": [2], "u1": [0, 1]}
STEPS = ("mkdir", "fsync", "replace", "chmod", "unlink")


class Steps:
    """Counts steps, remembers them, and dies at the one asked for."""

    def __init__(self, die_at=None):
        self.die_at, self.taken = die_at, []

    def step(self, what, path=""):
        self.taken.append((what, os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else path))
        if len(self.taken) == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(self, name, function):
        def call(*args, **kwargs):
            self.step(f"before {name}", args[0])
            result = function(*args, **kwargs)
            self.step(f"after {name}", args[0])
            return result

        return call

    def opened(self, function, name):
        def call(*args, **kwargs):
            file = function(*args, **kwargs)
            if "w" in (args[1] if len(args) > 1 else "r"):
                self.step(name, args[0])
                return HalfwayFile(file, self)
            return file

        return call

    def install(self, patch):
        for name in STEPS:
            patch.setattr(os, name, self.counted(name, getattr(os, name)))
        patch.setattr(tempfile, "mkstemp", self.made(tempfile.mkstemp))
        patch.setattr(os, "fdopen", self.opened(os.fdopen, "fdopen"))
        patch.setattr(unit, "open", self.opened(builtins.open, "open"), raising=False)

    def made(self, function):
        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            self.step("mkstemp", result[1])
            return result

        return call


class HalfwayFile:
    """A file whose every write gets half of its bytes out before the rest."""

    def __init__(self, file, steps):
        self.file, self.steps = file, steps

    def write(self, data):
        half = len(data) // 2
        self.file.write(data[:half])
        self.file.flush()
        self.steps.step("half written")
        self.file.write(data[half:])
        self.file.flush()
        self.steps.step("written")

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


def capture(folder):
    """Write what is missing, as a capture that is started again does."""
    missing = create_store(folder, MANIFEST, list(UNITS), ACTS.examples).missing()
    fill(folder, ACTS, UNITS, only=missing, plan=list(UNITS))


def killed_capture(folder, die_at):
    """Run `capture` in a child that dies at step `die_at`; return whether it did."""
    child = os.fork()
    if child == 0:
        try:
            with pytest.MonkeyPatch.context() as patch:
                Steps(die_at).install(patch)
                capture(folder)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.fixture
def steps():
    return Steps()


@pytest.fixture
def whole(tmp_path, steps):
    with pytest.MonkeyPatch.context() as patch:
        steps.install(patch)
        capture(tmp_path / "whole")
    return snapshot(tmp_path / "whole")


@pytest.mark.slow
def test_killed_at_every_step_and_resumed(tmp_path, steps, whole):
    assert len(steps.taken) > 100
    for k in range(1, len(steps.taken) + 1):
        folder = tmp_path / f"killed{k}"
        assert killed_capture(folder, k), steps.taken[k - 1]
        if k % 4 == 0:
            killed_capture(folder, k)  # and once more, at another point of the work that is left
        capture(folder)
        assert snapshot(folder) == whole, steps.taken[k - 1]
    assert torch.equal(open_store(folder).activations().pool("mean")["blocks.1.attn.hook_z"], expected())


def expected():
    return ACTS.pool("mean")["blocks.1.attn.hook_z"]


def test_a_unit_that_is_there_is_whole_at_every_step(tmp_path, steps, whole):
    for k in range(1, len(steps.taken) + 1, 3):
        folder = tmp_path / f"killed{k}"
        killed_capture(folder, k)
        for path in folder.glob("units/*.safetensors"):
            assert path.read_bytes() == whole[str(path.relative_to(folder))]


def test_a_unit_is_fsynced_before_it_is_renamed_and_its_folder_after(steps, whole):
    assert whole
    names = [what for what, _ in steps.taken]
    for at in [i for i, (what, path) in enumerate(steps.taken) if what == "before replace" and "units" in str(path)]:
        assert names[at - 2 : at] == ["before fsync", "after fsync"]
        assert names[at + 1 : at + 4] == ["after replace", "before fsync", "after fsync"]
