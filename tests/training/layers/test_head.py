"""The loss in chunks is PyTorch's cross entropy, with its gradients."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from ta_pipeline.training.layers.head import head_loss


def inputs(dtype=torch.float32):
    torch.manual_seed(2)
    hidden = torch.randn(11, 16, dtype=dtype).requires_grad_()
    weight = torch.randn(40, 16, dtype=dtype).requires_grad_()
    return hidden, weight, torch.arange(11) * 3 % 40, torch.linspace(0.5, 2, 11)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk", [1, 4, 11, 64])
def test_loss_and_gradients_are_those_of_cross_entropy(smoothing, chunk):
    hidden, weight, targets, weights = inputs()
    losses = cross_entropy(hidden @ weight.T, targets, reduction="none", label_smoothing=smoothing)
    expected = (losses * weights).sum()
    grads = torch.autograd.grad(expected, (hidden, weight))

    output = head_loss(hidden, weight, targets, weights, smoothing, chunk)

    torch.testing.assert_close(output.loss, expected, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(output.token_losses, losses.detach(), rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(torch.autograd.grad(output.loss * 3, (hidden, weight)), grads, strict=True):
        torch.testing.assert_close(ours, theirs * 3, rtol=1e-4, atol=1e-4)


def test_correct_are_the_targets_with_the_largest_logit():
    hidden, weight = torch.eye(3), torch.eye(3)
    assert head_loss(hidden, weight, torch.tensor([0, 2, 2])).correct.tolist() == [True, False, True]


def test_in_bf16_the_loss_is_within_its_tolerance():
    hidden, weight, targets, _ = inputs(torch.bfloat16)
    exact = cross_entropy(hidden.float() @ weight.float().T, targets, reduction="sum")
    assert head_loss(hidden, weight, targets).loss.item() == pytest.approx(exact.item(), rel=0.005)


def test_no_position_gives_a_loss_of_zero():
    hidden, weight, targets, _ = inputs()
    output = head_loss(hidden[:0], weight, targets[:0])
    assert output.loss.item() == 0.0
    assert output.correct.tolist() == []


def test_without_gradients_nothing_is_kept():
    hidden, weight, targets, _ = inputs()
    with torch.no_grad():
        assert not head_loss(hidden, weight, targets).loss.requires_grad
