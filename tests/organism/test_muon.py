"""Muon beside torch's own, and orthogonalisation beside singular values."""

import pytest
import torch

from sonde.organism.muon import Muon, orthogonalise

SHAPES = ((6, 4), (6, 4), (4, 6), (5, 5))


def steps(make, n=4):
    """Return the parameters after some steps on the same gradients."""
    draw = torch.Generator().manual_seed(0)
    parameters = [torch.nn.Parameter(torch.randn(shape, generator=draw)) for shape in SHAPES]
    optimiser = make(parameters)
    for _ in range(n):
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=draw)
        optimiser.step()
    return parameters


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon to compare with")
def test_it_is_torchs_muon_in_another_precision():
    def theirs(parameters):
        return torch.optim.Muon(parameters, lr=0.05, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")

    expected = steps(theirs)
    for dtype, far in ((torch.bfloat16, 5e-3), (torch.float32, 5e-3)):
        found = steps(lambda p, dtype=dtype: Muon(p, lr=0.05, weight_decay=0.1, dtype=dtype))
        for mine, other in zip(found, expected, strict=True):
            torch.testing.assert_close(mine, other, atol=far, rtol=0)


def test_singular_values_come_near_one_and_singular_vectors_stay():
    given = torch.randn(3, 8, 5, generator=torch.Generator().manual_seed(1))
    U, _, V = torch.linalg.svd(given, full_matrices=False)
    core = U.mT @ orthogonalise(given) @ V.mT
    diagonal = core.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(core, torch.diag_embed(diagonal), atol=1e-4, rtol=0)
    assert float(diagonal.min()) > 0.5
    assert float(diagonal.max()) < 1.3


def test_a_matrix_without_gradient_is_left_alone():
    weight = torch.nn.Parameter(torch.ones(2, 2))
    Muon([weight], lr=1.0, weight_decay=0.5).step()
    assert torch.equal(weight, torch.ones(2, 2))
