"""Numbers from a counter: known bits, a normal law, and each sample's own."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import stats

from models.saliency.noise import _splitmix64, counter_normal


def test_the_bits_are_those_of_splitmix64() -> None:
    # the reference implementation's first numbers from seed 1234567 (Vigna, splitmix64.c)
    want = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    got = _splitmix64(torch.tensor([[1234567]]), 4)[0].numpy().view(np.uint64)
    assert got.tolist() == want


def test_they_are_standard_normal_and_independent() -> None:
    noise = counter_normal((3, 80, 81), torch.tensor([1, 2, 3, 2**62 + 5]))
    flat = noise.flatten(1).double().numpy()
    assert noise.shape == (4, 3, 80, 81)
    assert stats.kstest(flat.ravel(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(flat) - np.eye(4)).max() < 5 / math.sqrt(flat.shape[1])
    lagged = [np.mean(flat[:, :-k] * flat[:, k:]) for k in (1, 2, 81, flat.shape[1] // 2)]
    assert np.abs(lagged).max() < 5 / math.sqrt(flat.size / 2)


def test_a_samples_numbers_depend_on_its_seed_alone() -> None:
    together = counter_normal((3, 7, 5), torch.tensor([11, 12, 13]))
    assert torch.equal(together[1:2], counter_normal((3, 7, 5), torch.tensor([12])))
