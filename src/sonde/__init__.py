"""sonde: capture a transformer's activations, train probes on them, and say honestly what was found.

Importing this package loads nothing heavy; each public name loads its room when it is first used.

Example:
    >>> import sonde
    >>> model = sonde.load_model("cretan")
    >>> data = sonde.load_dataset("cretan:instructed-lies", n=200)
    >>> acts = sonde.capture(model, data, sites="resid_post", tokens="before(target)")
    >>> X, y = acts.pool("mean").at("blocks.2.hook_resid_post").xy
    >>> probe = sonde.LogisticProbe(l2=10.0).fit(X, y)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sonde.base.auditor import register_auditor
from sonde.base.display import register_renderer
from sonde.base.probe_types import register_probe_type
from sonde.base.selector_parser import register_selector_parser

__version__ = "0.1.0"

_HOME = {
    "sonde.base.errors": ("InputError", "SondeError"),
    "sonde.text": ("Dataset", "Dialogue", "Message", "Provenance", "Target", "instructed_pairs"),
    "sonde.text.followup": ("follow_up",),
    "sonde.text.stripping": ("strip_instructions",),
    "sonde.tokens": (
        "After",
        "All",
        "Before",
        "Between",
        "First",
        "Last",
        "Role",
        "Segment",
        "Special",
        "Tokens",
        "parse_selector",
    ),
    "sonde.activations": ("Activations", "Features", "open_store"),
    "sonde.scores": ("Scores", "Threshold"),
    "sonde.probes": (
        "AttentionProbe",
        "CCSProbe",
        "ClassSums",
        "EnsembleProbe",
        "LATProbe",
        "LDAProbe",
        "LogisticProbe",
        "MLPProbe",
        "MeanDifferenceProbe",
        "MultiMaxProbe",
        "OneVsRestProbe",
        "RidgeProbe",
        "RidgeRegressionProbe",
        "ScoreStream",
        "TTPDProbe",
        "load_probe",
        "sweep",
    ),
    "sonde.saes": ("SAE", "SparseLatentProbe", "load_sae", "train_sae", "train_saes"),
    "sonde.recipe": ("Recipe", "read_recipe"),
    "sonde.run": (
        "Rollout",
        "Run",
        "capture_sums",
        "compare",
        "follow_up_scores",
        "load_dataset",
        "load_model",
        "open_rollout",
        "open_run",
        "rank_latents",
        "rollout",
        "show_latent",
        "train",
    ),
}
_WHERE = {name: room for room, names in _HOME.items() for name in names}

#: Probe types: the name in recipes and files, and where the class is. A room that brings a type adds its line here.
_PROBE_TYPES = {
    "logistic": "sonde.probes.logistic:LogisticProbe",
    "ridge": "sonde.probes.ridge:RidgeProbe",
    "lda": "sonde.probes.lda:LDAProbe",
    "mean_difference": "sonde.probes.mean_difference:MeanDifferenceProbe",
    "lat": "sonde.probes.lat:LATProbe",
    "ccs": "sonde.probes.ccs:CCSProbe",
    "ttpd": "sonde.probes.ttpd:TTPDProbe",
    "mlp": "sonde.probes.mlp:MLPProbe",
    "attention": "sonde.probes.attention:AttentionProbe",
    "multimax": "sonde.probes.multimax:MultiMaxProbe",
    "ensemble": "sonde.probes.ensemble:EnsembleProbe",
    "sparse_latents": "sonde.saes.probe:SparseLatentProbe",
}

#: Rooms that can be called: `sonde.capture(model, data, …)`.
_CALLABLE_ROOMS = ("capture", "audit")

__all__ = ["__version__", *_CALLABLE_ROOMS, *sorted(_WHERE)]

if TYPE_CHECKING:
    from sonde.activations import Activations, Features, open_store
    from sonde.audit import audit
    from sonde.base.errors import InputError, SondeError
    from sonde.capture import capture
    from sonde.probes import (
        AttentionProbe,
        CCSProbe,
        ClassSums,
        EnsembleProbe,
        LATProbe,
        LDAProbe,
        LogisticProbe,
        MeanDifferenceProbe,
        MLPProbe,
        MultiMaxProbe,
        OneVsRestProbe,
        RidgeProbe,
        RidgeRegressionProbe,
        ScoreStream,
        TTPDProbe,
        load_probe,
        sweep,
    )
    from sonde.recipe import Recipe, read_recipe
    from sonde.run import (
        Rollout,
        Run,
        capture_sums,
        follow_up_scores,
        load_dataset,
        load_model,
        open_rollout,
        open_run,
        rollout,
    )
    from sonde.run.compare import compare
    from sonde.run.sae_pages import show_latent
    from sonde.run.sae_rank import rank as rank_latents
    from sonde.run.train import train
    from sonde.saes import SAE, SparseLatentProbe, load_sae, train_sae, train_saes
    from sonde.scores import Scores, Threshold
    from sonde.text import Dataset, Dialogue, Message, Provenance, Target, instructed_pairs
    from sonde.text.followup import follow_up
    from sonde.text.stripping import strip_instructions
    from sonde.tokens import (
        After,
        All,
        Before,
        Between,
        First,
        Last,
        Role,
        Segment,
        Special,
        Tokens,
        parse_selector,
    )


def __getattr__(name: str) -> Any:
    if name in _CALLABLE_ROOMS:
        return import_module(f"sonde.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'sonde' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _draw(value: object) -> str | None:
    """Draw a value for a notebook; the room that can is loaded when the first one is drawn."""
    return import_module("sonde.report").render(value)


def _parse_selector(text: str) -> Any:
    """Parse a token selector for `acts.select("assistant")`; activations may not import tokens."""
    return import_module("sonde.tokens").parse_selector(text)


def _audit(*given: Any, **options: Any) -> Any:
    """Capture what an audit needs, and let it judge; audit may not run models."""
    return import_module("sonde.run.audit").audit_probe(*given, **options)


register_renderer(_draw)
register_auditor(_audit)
register_selector_parser(_parse_selector)
for _kind, _home in _PROBE_TYPES.items():
    register_probe_type(_kind, _home)
