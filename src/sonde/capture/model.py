"""A loaded model whose sites are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from sonde.base.devices import dtype_name
from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.capture.adapter import Adapter, text_config
from sonde.capture.fingerprint import model_fingerprint, weights_state
from sonde.capture.head import Head, verified_head
from sonde.capture.selfcheck import self_check
from sonde.capture.sites import resolve_sites, split_head
from sonde.capture.taps import Tap
from sonde.capture.watch import embedding_of, vocabulary_of

#: Where configurations keep the number of tokens a model can read.
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length")


class Model(Displayed):
    """A causal language model with its tokenizer and its named sites. Made by `load_model`.

    Attributes:
        name: for reports and errors; a hub name, a folder's name, or what the caller said.
        module: the causal language model (a `torch.nn.Module`); yours, if you passed one.
        tokenizer: its tokenizer.
        backend: `hf` (plain hooks) or `bridge` (TransformerLens' TransformerBridge).
        adapter: where its sites are.
        bridge: the TransformerBridge with backend `bridge`, else None.
        revision: the hub revision asked for, or None.
        notes: what was found when the model was loaded (a backend check, a converted dtype), as a JSON-ready dict.
    """

    def __init__(
        self,
        name: str,
        module: Any,
        tokenizer: Any,
        adapter: Adapter,
        *,
        backend: str = "hf",
        bridge: Any = None,
        revision: str | None = None,
        notes: Mapping[str, Any] | None = None,
    ):
        self.name = name
        self.module = module
        self.tokenizer = tokenizer
        self.adapter = adapter
        self.backend = backend
        self.bridge = bridge
        self.revision = revision
        self.notes = dict(notes or {})
        self._cached: dict[Any, Any] = {}

    @property
    def device(self) -> torch.device:
        """Where the model's weights are."""
        return next(self.module.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the model's weights, and of its activations."""
        return next(self.module.parameters()).dtype

    @property
    def config(self) -> Any:
        """The configuration of the language model."""
        return text_config(self.module)

    @property
    def n_layers(self) -> int:
        """Number of blocks."""
        return self.adapter.n_layers

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return self.adapter.d_model

    @property
    def n_heads(self) -> int:
        """Number of attention heads; 0 where there is no attention."""
        return self.adapter.n_heads

    @property
    def vocabulary(self) -> int:
        """Number of tokens the model has an embedding for."""
        return vocabulary_of(embedding_of(self.adapter.base))

    @property
    def context(self) -> int | None:
        """Tokens the model can read, as its configuration says; None where it sets no limit."""
        found = [getattr(self.config, key, None) for key in CONTEXT_KEYS]
        return next((int(value) for value in found if isinstance(value, int) and value > 0), None)

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site the model has, in the order it computes them (single heads are not listed)."""
        return tuple(self.adapter.taps)

    @property
    def attention(self) -> str:
        """The attention implementation in use (`sdpa`, `eager`, …)."""
        return str(getattr(self.config, "_attn_implementation", None) or "none")

    @property
    def fingerprint(self) -> str:
        """SHA-256 over weights and configuration. Computed when first asked for, and again after a weight changed.

        Writing through `parameter.data` is not noticed. With `load_model(…, backend="bridge")` it is that of the model
        before it was bridged, so both backends have one; a bridge made elsewhere has another, since bridges rename
        parameters.
        """
        return self.remember("fingerprint", lambda: model_fingerprint(self.module, self.config))

    def resolve_sites(self, spec: str | Sequence[str]) -> tuple[str, ...]:
        """Return the sites that a shorthand, a glob, a name or a list of these means.

        Raises:
            InputError: the model has no such site; the message says what it has.
        """
        return resolve_sites(
            spec,
            self.sites,
            model=self.name,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            absent=self.adapter.absent,
        )

    def tap(self, site: str) -> Tap:
        """Return where `site` (a full name, or one head's) is read: module, side, and columns of a head."""
        (name,) = self.resolve_sites([site]) if site not in self.adapter.taps else (site,)
        base, head = split_head(name)
        tap = self.adapter.taps[base]
        return tap if head is None else tap.head(head, self.adapter.widths[base] // self.n_heads)

    def width(self, site: str) -> int:
        """Return the number of columns of `site`."""
        base, head = split_head(site)
        return self.adapter.widths[base] if head is None else self.adapter.widths[base] // self.n_heads

    def tokenize(self, data: Any, *, max_tokens: int | None = None, truncation: str = "error") -> Any:
        """Render and tokenize dialogues or texts as this model reads them; see `sonde.tokens.tokenize`.

        Args:
            data: a Dataset, dialogues, or strings.
            max_tokens: longest sequence allowed; None = what the model can read.
            truncation: what to do with longer ones: `error`, `left` or `right`.

        Raises:
            InputError: a text is longer than allowed, or holds a token the model has no embedding for.
        """
        from sonde.capture.inputs import as_dataset
        from sonde.tokens import tokenize

        limit = max_tokens if max_tokens is not None else self.context
        tokens = tokenize(as_dataset(data).dialogues, self.tokenizer, max_tokens=limit, truncation=truncation)
        ids = tokens.table.token_id
        if len(ids) and int(ids.max()) >= self.vocabulary:
            raise InputError(
                f"Token {int(ids.max())} of the tokenizer has no embedding in {self.name!r}, which has "
                f"{self.vocabulary}: pass the tokenizer that belongs to this model."
            )
        return tokens

    def capture(self, data: Any, **options: Any) -> Any:
        """Capture activations; the same as `sonde.capture(model, data, …)`."""
        from sonde.capture.capturing import capture

        return capture(self, data, **options)

    def generate(self, dialogues: Any, **options: Any) -> list[str]:
        """Continue dialogues or texts; the same as `sonde.capture.generate(model, dialogues, …)`."""
        from sonde.capture.generate import generate

        return generate(self, dialogues, **options)

    def self_check(self, sites: Sequence[str], ids: Sequence[np.ndarray]) -> dict[str, Any]:
        """Run the self-check for these sites on sequences of the data; once for each set of sites and weights.

        Raises:
            SondeError: it failed.
        """
        taps = {site: self.tap(site) for site in sites}
        return self.remember(
            ("self_check", tuple(sites)),
            lambda: (
                self.notes.get("backend_check", {})
                | self_check(self.adapter, taps, ids, name=self.name, backend=self.backend)
            ),
        )

    def head(self) -> Head:
        """Return the verified function from the decoder's output to logits.

        Raises:
            InputError: this architecture's logits cannot be had that way.
        """
        return self.remember("head", lambda: verified_head(self.module, self.adapter, self.name))

    def remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Return what `compute` gave when `key` was first asked for; it is computed again after a weight changed."""
        state = weights_state(self.module)
        known = self._cached.get(key)
        if known is None or known[0] != state:
            self._cached[key] = known = (state, compute())
        return known[1]

    def __repr__(self) -> str:
        return (
            f"Model({self.name!r}, {type(self.module).__name__}, layers={self.n_layers}, d_model={self.d_model}, "
            f"{dtype_name(self.dtype)} on {self.device}, backend={self.backend!r}, sites={len(self.sites)})"
        )
