"""Normalising layers, bags and losses as modules, beyond PyTorch's samples: states, statistics, refusals, warnings."""

from __future__ import annotations

import warnings

import pytest
from bridge import assert_near, assert_same, both, gradus, names, torch

LIBRARIES = (gradus, torch)

TEXTS = [
    "BatchNorm1d(3, momentum=None, affine=False)",
    "BatchNorm2d(3, bias=False)",
    "InstanceNorm3d(3, track_running_stats=True)",
    "LayerNorm((2, 3), bias=False)",
    "GroupNorm(2, 4, affine=False)",
    "RMSNorm([2, 3], eps=1e-3)",
    "Bilinear(2, 3, 4)",
    "EmbeddingBag(5, 3, max_norm=1.0, norm_type=1, scale_grad_by_freq=True, padding_idx=-1, mode='sum')",
    "CosineSimilarity()",
    "PairwiseDistance(1)",
    "PixelShuffle(2)",
    "PixelUnshuffle(2)",
    "ChannelShuffle(2)",
    "ZeroPad2d(1)",
    "ConstantPad1d((1, 2), 3.5)",
    "ReflectionPad3d([1, 1, 1, 1, 1, 1])",
    "TripletMarginWithDistanceLoss()",
    "LinearCrossEntropyLoss(3, 5, out_features=(2,), bias=True)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_state_and_initial_values(text):
    built = []
    for lib in LIBRARIES:
        lib.manual_seed(3)
        built.append(eval("nn." + text, {"nn": lib.nn}))
    ours, theirs = built
    assert names(repr(ours)) == repr(theirs)
    state, expected = ours.state_dict(), theirs.state_dict()
    assert list(state) == list(expected) and state._metadata == expected._metadata
    for name, value in expected.items():
        assert_same(state[name], value)


REFUSED = [
    "nn.GroupNorm(3, 4)",
    "nn.Bilinear(0, 2, 3)",
    "nn.BatchNorm1d(3)(t.zeros(3))",
    "nn.BatchNorm1d(3)(t.zeros(1, 3))",
    "nn.BatchNorm1d(3, eps=-1)(t.zeros(2, 3))",
    "nn.BatchNorm2d(3)(t.zeros(2, 3))",
    "nn.BatchNorm2d(3)(t.zeros(2, 4, 2, 2))",
    "nn.BatchNorm3d(3)(t.zeros(2, 3))",
    "nn.InstanceNorm1d(3)(t.zeros(3))",
    "nn.InstanceNorm1d(3)(t.zeros(2, 3, 1))",
    "nn.InstanceNorm2d(3, affine=True)(t.zeros(2, 4, 3, 3))",
    "nn.InstanceNorm3d(3)(t.zeros(3))",
    "nn.InstanceNorm1d(3).load_state_dict({'running_mean': t.ones(3)})",
    "nn.LayerNorm(3)(t.zeros(2, 4))",
    "nn.RMSNorm(3)(t.zeros(2, 4))",
    "nn.LocalResponseNorm(2)(t.zeros(2, 4))",
    "nn.TripletMarginLoss(margin=-1)",
    "nn.TripletMarginWithDistanceLoss(margin=-1)",
    "nn.MultiMarginLoss(p=3)",
    "nn.MultiMarginLoss(weight=t.ones(2, 2))",
    "nn.BCELoss()(t.full((2,), 1.5), t.ones(2))",
    "nn.BCELoss()(t.zeros(2), t.full((2,), -1.0))",
    "nn.BCELoss()(t.zeros(2), t.ones(3))",
    "nn.HuberLoss(delta=0)(t.zeros(2), t.ones(2))",
    "nn.SmoothL1Loss(beta=-1)(t.zeros(2), t.ones(2))",
    "nn.GaussianNLLLoss()(t.zeros(2), t.ones(2), -t.ones(2))",
    "nn.EmbeddingBag(3, 4, padding_idx=5)",
    "nn.EmbeddingBag(3, 4)(t.tensor([1, 2]))",
    "nn.EmbeddingBag(3, 4, mode='least')(t.tensor([[1, 2]]))",
    "nn.EmbeddingBag(3, 4)(t.tensor([1, 2]), t.tensor([1]))",
    "nn.CircularPad2d(1)(t.zeros(3))",
    "nn.PixelShuffle(2)(t.zeros(3))",
    "nn.LinearCrossEntropyLoss(3, 5, label_smoothing=2.0)",
]


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(call):
    ours, theirs = both(lambda lib: eval(call, {"t": lib, "nn": lib.nn}))
    assert isinstance(theirs, tuple), theirs
    assert ours == theirs


def statistics(lib, momentum):
    x = lib.arange(24.0).reshape(4, 3, 2)
    norm = lib.nn.BatchNorm1d(3, momentum=momentum)
    for shift in (0, 3, -5):
        norm(x * 0.5 + shift)
    evaluated = norm.eval()(x)
    return [norm.running_mean, norm.running_var, norm.num_batches_tracked, evaluated]


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, None])
def test_running_statistics(momentum):
    for ours, theirs in zip(*(statistics(lib, momentum) for lib in LIBRARIES)):
        assert_near(ours, theirs, rtol=1e-5, atol=1e-6)


def test_states_without_a_count_of_batches_load():
    """Version 1 of batch normalisation did not count batches."""
    for lib in LIBRARIES:
        norm = lib.nn.BatchNorm1d(3)
        norm.num_batches_tracked.fill_(7)
        state = {name: lib.ones(3) for name in ("weight", "bias", "running_mean", "running_var")}
        assert repr(norm.load_state_dict(state)) == "<All keys matched successfully>"
        assert int(norm.num_batches_tracked) == 7


def test_statistics_do_not_follow_in_evaluation_or_without_tracking():
    for lib in LIBRARIES:
        norm = lib.nn.BatchNorm1d(2)
        norm.eval()(lib.ones(4, 2))
        assert norm.running_mean.tolist() == [0, 0] and int(norm.num_batches_tracked) == 0
        free = lib.nn.BatchNorm1d(2, track_running_stats=False)
        assert free.running_mean is None and free.eval()(lib.ones(4, 2)).abs().max() == 0


@pytest.mark.parametrize(
    "call",
    [
        "F.kl_div(t.zeros(2), t.ones(2))",
        "F.smooth_l1_loss(t.zeros(2, 1), t.ones(2))",
        "F.huber_loss(t.zeros(2, 1), t.ones(2))",
        "F.l1_loss(t.zeros(2), t.ones(2), size_average=False)",
        "F.soft_margin_loss(t.zeros(2), t.ones(2), reduce=False)",
        "nn.InstanceNorm1d(3)(t.zeros(2, 4, 3))",
    ],
)
def test_warnings(call):
    texts = []
    for lib in LIBRARIES:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            eval(call, {"t": lib, "nn": lib.nn, "F": lib.nn.functional})
        texts.append([names(w.message) for w in caught])
    assert texts[0] == texts[1] and texts[1]


def test_triplets_with_a_distance_of_ones_own():
    values = []
    for lib in LIBRARIES:
        a, p, n = (lib.arange(6.0).reshape(2, 3) * k for k in (1, 2, -0.5))
        for swap in (False, True):
            loss = lib.nn.TripletMarginWithDistanceLoss(
                distance_function=lambda x, y: (x - y).abs().amax(-1), swap=swap, margin=30.0
            )
            values.append(loss(a, p, n))
    for ours, theirs in zip(values[:2], values[2:]):
        assert_near(ours, theirs)


def test_embedding_bag_from_pretrained():
    for lib in LIBRARIES:
        bag = lib.nn.EmbeddingBag.from_pretrained(lib.ones(4, 2), mode="sum")
        assert not bag.weight.requires_grad
        assert bag(lib.tensor([[0, 1], [2, 3]])).tolist() == [[2, 2], [2, 2]]
