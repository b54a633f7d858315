"""The room's example run, and headless Chromium where there is one."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest
from example import example_report

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--virtual-time-budget=8000",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@pytest.fixture(scope="session")
def report():
    return example_report()


@dataclass(frozen=True)
class Browser:
    """Opens pages with name resolution blocked."""

    binary: str
    folder: object

    def run(self, html: str, *flags: str) -> tuple[str, list[str]]:
        page = self.folder / "page.html"
        page.write_text(html, encoding="utf-8")
        command = [self.binary, *FLAGS, f"--user-data-dir={self.folder / 'user'}"]
        done = subprocess.run([*command, *flags, page.as_uri()], capture_output=True, timeout=120, check=True)
        console = re.findall(r"CONSOLE.*", done.stderr.decode(errors="replace"))
        return done.stdout.decode("utf-8", errors="replace"), console

    def open(self, html: str) -> tuple[str, list[str]]:
        """Return the document after its scripts ran, and what the console said."""
        return self.run(html, "--dump-dom")


@pytest.fixture
def browser(tmp_path):
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("no Chromium on this machine: install the chromium package to run the browser tests")
    return Browser(binary, tmp_path)
