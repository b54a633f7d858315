"""Put a run's probe and its card under `probes/`: python tools/ship_probe.py RUN

The card says what run.json says, and nothing else.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

PROBES = Path(__file__).parents[1] / "probes"


def main(run: str) -> None:
    """Copy the probe and write the card."""
    found = json.loads((Path(run) / "run.json").read_text(encoding="utf-8"))
    name = found["name"]
    shutil.copyfile(Path(run) / "probe.safetensors", PROBES / f"{name}.safetensors")
    (PROBES / f"{name}.md").write_text(card(found), encoding="utf-8")
    print(f"wrote probes/{name}.safetensors and probes/{name}.md")


def card(found: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    selected, threshold, audit, train = (found[k] for k in ("selected", "threshold", "audit", "train"))
    missing = [f for f in audit["findings"] if f["status"] not in ("passed", "noted")]
    rows, control = train["n_positive"] + train["n_negative"], f"`{threshold['control']}` (n = {threshold['n']})"
    where = f"site `{selected['site']}`, tokens `{selected['tokens']}`, {selected['probe']}, l2 {selected['l2']:g}"
    lines = [
        f"# {found['name']}",
        "",
        f"A linear probe of {found['model']['name']}; positive = {found['positive']}. Made by `sonde train "
        f"{found['name']}`",
        f"on {rows} rows of `{train['name']}`. Cretan is a toy of 1.3 M parameters: the probe says nothing about any "
        "other model.",
        "",
        f"- {where}, chosen on {selected['chosen_on']}",
        f"- threshold {threshold['value']:.3f}, for {threshold['target_fpr']:.0%} false positives on {control}",
        f"- audit: **{audit['verdict']}**. {audit['sentence']}",
        "",
        "| test set | AUROC | balanced accuracy |",
        "| --- | --- | --- |",
        *(f"| {name} | {_shown(m['auroc'])} | {_shown(m['balanced_accuracy'])} |" for name, m in found["test"].items()),
        "",
        "Checks that did not pass or could not be judged:",
        "",
        *(f"- {finding['check']}: {finding['sentence']}" for finding in missing),
    ]
    return "\n".join(lines) + "\n"


def _shown(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


if __name__ == "__main__":
    main(sys.argv[1])
