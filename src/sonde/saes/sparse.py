"""The arithmetic of sparse activations: selection, decoding and weight gradients that cost what fires, not `d_sae`.

Axis letters: `b` batch rows, `a` active entries, `s` latents (`d_sae`), `d` width (`d_in`), `g` bags.
Everything here is a pure function on tensors, exact, and works on any device.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

#: Columns that share one maximum in `top_k`; measured best between 4 and 64 at 2,048 and 6,144 latents.
GROUP = 8


@dataclass(frozen=True)
class Active:
    """The entries of a `[b, s]` activation matrix that matter in one step, bag after bag.

    A bag is what is decoded together: a row, or for nested dictionaries a row's latents of one level.

    Attributes:
        value: `[a]` activation; 0 for an entry that is only there for its gradient.
        latent: `[a]` its column.
        row: `[a]` its row.
        bags: `[g + 1]` bag `i` holds the entries `bags[i]:bags[i + 1]`.
    """

    value: Float[Tensor, " a"]
    latent: Int[Tensor, " a"]
    row: Int[Tensor, " a"]
    bags: Int[Tensor, " g1"]


def top_k(H: Float[Tensor, "b s"], k: int) -> tuple[Float[Tensor, "b k"], Int[Tensor, "b k"]]:
    """Return the `k` largest entries of each row and their columns, in no order.

    Exact by group maxima: each of a row's `k` largest entries lies in a group whose maximum is at least as large, and
    at most `k` groups have such a maximum (ties aside, which cost nothing but their order). So the `k` groups with the
    largest maxima hold an answer, and only these are searched. A group is every `s / 8`-th column, which makes the
    maxima one vectorised pass.
    """
    b, s = H.shape
    groups = s // GROUP
    if s % GROUP or k >= groups:
        return H.topk(k, dim=1, sorted=False)
    grouped = H.view(b, GROUP, groups)
    best = grouped.amax(dim=1).topk(k, dim=1, sorted=False).indices
    columns = (best[:, None, :] + (torch.arange(GROUP, device=H.device) * groups)[None, :, None]).view(b, GROUP * k)
    found = H.gather(1, columns).topk(k, dim=1, sorted=False)
    return found.values, columns.gather(1, found.indices)


def where_true(mask: Bool[Tensor, "b s"]) -> Int[Tensor, " a"]:
    """Return the flat indices of the true entries, rising."""
    if mask.device.type == "cpu":  # numpy finds them in half of torch's time
        return torch.from_numpy(mask.numpy().reshape(-1).nonzero()[0])
    return mask.reshape(-1).nonzero()[:, 0]


def batch_top_k(
    H: Float[Tensor, "b s"], count: int, guess: float = 0.0
) -> tuple[Int[Tensor, " a"], Float[Tensor, " a"], float]:
    """Return the `count` largest positive entries of the whole matrix: flat indices (rising), values, the smallest.

    Args:
        H: pre-activations.
        count: how many at most; fewer where fewer are positive.
        guess: a bound that the smallest of them probably exceeds, such as a little less than that of the batch before:
            only entries above it are looked at. A wrong guess costs a second look, never the answer.
    """
    flat = H.reshape(-1)
    found = where_true(max(guess, 0.0) < H)
    if len(found) < count and guess > 0:
        found = where_true(H > 0)
    values = flat[found]
    if len(found) > count:
        chosen = values.topk(count, sorted=False).indices.sort().values
        found, values = found[chosen], values[chosen]
    return found, values, float(values.min()) if len(values) else 0.0


def rows_of_top_k(value: Float[Tensor, "b k"], latent: Int[Tensor, "b k"]) -> Active:
    """Return the entries that `top_k` found, one bag a row; what is not positive counts as 0 (ReLU)."""
    b, k = value.shape
    bags = torch.arange(0, b * k + 1, k, device=value.device)
    row = torch.arange(b, device=value.device).repeat_interleave(k)
    return Active(value.clamp_min(0).reshape(-1), latent.reshape(-1), row, bags)


def active_at(flat: Int[Tensor, " a"], value: Float[Tensor, " a"], b: int, s: int) -> Active:
    """Return the entries at rising flat indices of a `[b, s]` matrix, one bag a row."""
    row = torch.div(flat, s, rounding_mode="floor")
    return Active(value, flat - row * s, row, bag_offsets(row, b))


def bag_offsets(bag: Int[Tensor, " a"], bags: int) -> Int[Tensor, " g1"]:
    """Return `[g + 1]` where each bag begins, from the rising bag number of each entry."""
    counts = torch.bincount(bag, minlength=bags)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def in_levels(active: Active, widths: tuple[int, ...], b: int) -> Active:
    """Return the same entries bagged by level, then row: level `l` holds the latents below `widths[l]` not before it.

    The result has `len(widths) * b` bags; level 0 comes first.
    """
    if len(widths) == 1:
        return active
    ends = torch.tensor(widths, device=active.latent.device)
    bag, order = (torch.bucketize(active.latent, ends, right=True) * b + active.row).sort(stable=True)
    bags = bag_offsets(bag, len(widths) * b)
    return Active(active.value[order], active.latent[order], active.row[order], bags)


def decode(active: Active, W_dec: Float[Tensor, "s d"]) -> Float[Tensor, "g d"]:
    """Return `[g, d]` each bag's sum of decoder rows weighted by activation."""
    return F.embedding_bag(active.latent, W_dec, active.bags[:-1], mode="sum", per_sample_weights=active.value)


def dots(active: Active, R: Float[Tensor, "g d"], W_dec: Float[Tensor, "s d"]) -> Float[Tensor, " a"]:
    """Return `[a]` the product of each entry's bag in `R` with its latent's decoder row."""
    if len(active.latent) == 0:
        return active.value
    if R.device.type == "cpu":
        pattern = _pattern(active, (len(R), len(W_dec)))
        return torch.sparse.sampled_addmm(pattern, R, W_dec.T, beta=0.0).values()
    bag = torch.arange(len(R), device=R.device).repeat_interleave(active.bags.diff())
    parts = zip(bag.split(65_536), active.latent.split(65_536), strict=True)
    return torch.cat([torch.einsum("ad,ad->a", R[i], W_dec[j]) for i, j in parts])


def _pattern(active: Active, shape: tuple[int, int]) -> Tensor:
    """Return the places of the entries as a sparse matrix of zeros; its columns need no order here."""
    with warnings.catch_warnings(), torch.sparse.check_sparse_tensor_invariants(False):
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(active.bags, active.latent, torch.zeros_like(active.value), shape)


@dataclass(frozen=True)
class ByLatent:
    """The same entries sorted by latent: one sort serves every gradient.

    Attributes:
        order: `[a]` which entry comes when.
        offsets: `[s]` where each latent's entries begin.
    """

    order: Int[Tensor, " a"]
    offsets: Int[Tensor, " s"]

    @staticmethod
    def of(latent: Int[Tensor, " a"], s: int) -> ByLatent:
        """Sort `[a]` columns of an `[b, s]` matrix."""
        ordered, order = latent.sort(stable=True)
        return ByLatent(order, bag_offsets(ordered, s)[:-1])

    def sums(
        self, weight: Float[Tensor, " a"], index: Int[Tensor, " a"], M: Float[Tensor, "r d"]
    ) -> Float[Tensor, "s d"]:
        """Return `[s, d]` for each latent the sum of `M[index]` over its entries, weighted."""
        return F.embedding_bag(index[self.order], M, self.offsets, mode="sum", per_sample_weights=weight[self.order])
