"""Run notebooks from top to bottom and write each as one HTML page that needs no network.

    python tools/export_notebooks.py OUT [NOTEBOOK…] [--theme dark]

Left out, the notebooks are those of this repository. Each runs in OUT, as a reader's own copy would; its time is
printed, start of the kernel included, with the processor seconds behind it.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

import nbconvert
import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
#: Seconds for one notebook.
LIMIT = 900


def export(notebook: Path, out: Path, theme: str) -> Path:
    """Run `notebook` in `out`, print its time, and return the page."""
    content = nbformat.read(notebook, as_version=4)
    begin, used = time.perf_counter(), processor_seconds()
    NotebookClient(content, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": str(out)}}).execute()
    wall, used = time.perf_counter() - begin, processor_seconds() - used
    print(f"{notebook.stem:18} {wall:6.1f} s, {used:6.1f} s of processor time", flush=True)
    page, _ = exporter(theme).from_notebook_node(content, {"metadata": {"name": notebook.stem}})
    target = out / f"{notebook.stem}.html"
    target.write_text(page, encoding="utf-8")
    return target


def exporter(theme: str) -> HTMLExporter:
    """Return nbconvert's exporter without the scripts it fetches: no cell holds mathematics, widgets or diagrams."""
    # its templates lie beside the package, which a virtual environment that borrows packages does not see
    beside = Path(nbconvert.__file__).parents[4] / "share" / "jupyter"
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [os.environ.get("JUPYTER_PATH"), str(beside)]))
    return HTMLExporter(require_js_url="", mathjax_url="", mermaid_js_url="", theme=theme)


def processor_seconds() -> float:
    """Return the processor time of all finished children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the pages")
    parser.add_argument("notebooks", type=Path, nargs="*", help="which notebooks")
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    os.environ.update(HF_HUB_OFFLINE="1")
    for notebook in given.notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        export(notebook, given.out, given.theme)


if __name__ == "__main__":
    main()
