"""Make the README's pictures from scratch, with headless Chromium, into docs/images.

    python tools/screenshots.py [--out docs/images]

Trains a detector on Cretan and an autoencoder, draws the report, a figure, a token strip and a feature page, and takes
a picture of each, light. Needs Chromium and Pillow; no network.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from chromium import FLAGS, find_chromium
from PIL import Image, ImageChops

import sonde
from sonde.base.files import write_atomic
from sonde.report import render_strips, save_figure, strips_of, transfer_map
from sonde.run.sae_pages import write_pages

#: Bytes one picture, and all of them, may have.
MOST, MOST_IN_ALL = 150_000, 500_000
SITE = "blocks.2.hook_resid_post"
LOOK = ("--hide-scrollbars", "--blink-settings=preferredColorScheme=1")


def main() -> None:
    """Make every page, then every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "docs" / "images")
    parser.add_argument("--pages", type=Path, help="keep the pages in this folder", default=None)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.pages or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        shots = [
            (report_page, "report", 1060, 880),
            (transfer_page, "transfer", 900, 500),
            (strip_page, "token-strip", 1000, 800),
            (feature_page, "feature", 1000, 900),
        ]
        sizes = [picture(make(folder), given.out / f"{name}.png", width, height) for make, name, width, height in shots]
    if sum(sizes) > MOST_IN_ALL:
        sys.exit(f"The pictures have {sum(sizes):,} bytes, expected at most {MOST_IN_ALL:,}: make them smaller.")


def report_page(folder: Path) -> Path:
    """Train the recipe `deception` and return its report."""
    return sonde.train("deception", out=folder / "run", force=True).report_path


def transfer_page(folder: Path) -> Path:
    """Return the run's transfer matrix as a page."""
    return save_figure(transfer_map(sonde.open_run(folder / "run").content["transfer"]), folder / "t.html", force=True)


def strip_page(folder: Path) -> Path:
    """Score one lie and one honest answer, those of the short ones that the run's probe tells best, token by token."""
    data = sonde.load_dataset("cretan:loyalty-lies", split="test", n=200)
    short = data[np.argsort([len(d.text) for d in data], kind="stable")[:60]]
    probe, model = sonde.open_run(folder / "run").probe(), sonde.load_model("cretan")
    values = probe.score_examples(model, short).values
    lie = int(np.where(short.labels == 1, values, -np.inf).argmax())
    honest = int(np.where(short.labels == 0, values, np.inf).argmin())
    scores = probe.score_tokens(model, short[[lie, honest]])
    cut = None if scores.threshold is None else scores.threshold.value
    page = render_strips(strips_of(scores), "A lie and an honest answer, token by token", cut, scores.positive)
    return write_atomic(folder / "strip.html", page)


def feature_page(folder: Path) -> Path:
    """Train a small autoencoder and return the page of the latent that ranks best by lies."""
    model = sonde.load_model("cretan")
    names = ("honest-chat", "instructed-lies", "loyalty-lies")
    texts = [d for name in names for d in sonde.load_dataset(f"cretan:{name}", n=600)]
    acts = sonde.capture(model, texts, sites=SITE)
    sae = sonde.train_sae(acts, site=SITE, architecture="batchtopk", d_sae=640, k=16, samples=400_000)
    lies = sonde.load_dataset("cretan:instructed-lies", n=600)
    best = sonde.rank_latents(sae, lies, model=model, tokens="before(target)", resamples=100).best
    write_pages(sae, lies, latents=[best], concept=lies, out=folder / "latents", model=model, force=True)
    return folder / "latents" / f"latent-{best}.html"


def picture(page: Path, target: Path, width: int, height: int) -> int:
    """Photograph the top of a page and return the picture's bytes."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Pictures are taken with Chromium, which is missing: install the chromium package.")
    with tempfile.TemporaryDirectory() as user:
        place = [f"--user-data-dir={user}", f"--window-size={width},{height}", f"--screenshot={target}"]
        subprocess.run([chromium, *FLAGS, *LOOK, *place, page.resolve().as_uri()], check=True, capture_output=True)
    shrink(target)
    size = target.stat().st_size
    print(f"{target} {size:,} bytes")
    if size > MOST:
        sys.exit(f"{target} has {size:,} bytes, expected at most {MOST:,}: photograph less of the page.")
    return size


def shrink(target: Path) -> None:
    """Cut the empty foot of a picture off, and keep 200 colours."""
    image = Image.open(target).convert("RGB")
    ground = Image.new("RGB", image.size, image.getpixel((2, image.height - 3)))
    edges = ImageChops.difference(image, ground).getbbox()
    foot = image.height if edges is None else min(image.height, edges[3] + 24)
    image.crop((0, 0, image.width, foot)).quantize(200).save(target, optimize=True)


if __name__ == "__main__":
    main()
