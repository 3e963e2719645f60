"""Training: backends agree, seeds decide, optimisers follow their formulas."""

import numpy as np
import pytest
from networks import backends_for, small_data, small_network

import convcore
from convcore.network import SGD, Adam, accuracy, fit, minibatches

DETERMINISTIC = [
    record.name
    for record in convcore.backends()
    if record.name in backends_for("float32") and record.declaration.deterministic != "no"
]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-10)])
def test_first_twenty_losses_agree_on_all_backends(dtype, tolerance):
    x, labels = small_data(dtype)
    losses = {}
    for name in backends_for(dtype):
        with convcore.use_backend(name):
            losses[name] = fit(
                small_network(dtype, "relu"), x, labels, optimiser=Adam(0.01), steps=20, epochs=99
            )
    assert losses["naive"][-1] < 0.5 * losses["naive"][0]
    for name in losses:
        assert len(losses[name]) == 20
        np.testing.assert_allclose(losses[name], losses["naive"], rtol=tolerance)


@pytest.mark.parametrize("backend", DETERMINISTIC)
def test_same_seed_gives_the_same_bits(backend):
    x, labels = small_data("float32")

    def trained(seed):
        network = small_network("float32", "relu", seed)
        with convcore.use_backend(backend):
            losses = fit(
                network, x, labels, optimiser=SGD(0.05, 0.9), epochs=3, batch_size=10, seed=seed
            )
        return losses, network.parameters

    (first, parameters), (second, again), (other, _) = trained(7), trained(7), trained(8)
    assert first == second
    assert first != other
    for name, array in parameters.items():
        assert array.tobytes() == again[name].tobytes()


@pytest.mark.parametrize("optimiser", [SGD(0.05), SGD(0.02, momentum=0.9), Adam(0.01)])
def test_training_finds_the_bars(optimiser):
    network, (x, labels) = small_network("float32", "relu"), small_data("float32", 160)
    losses = fit(
        network, x[:120], labels[:120], optimiser=optimiser, epochs=15, batch_size=20, seed=1
    )
    assert len(losses) == 15 * 6
    assert losses[-1] < 0.1 * losses[0]
    assert accuracy(network, x[120:], labels[120:]) >= 0.95


def test_minibatches_show_every_sample_once_in_each_epoch():
    batches = list(minibatches(10, 3, epochs=2, seed=0))
    assert [len(batch) for batch in batches] == [3, 3, 3, 1] * 2
    first, second = np.concatenate(batches[:4]), np.concatenate(batches[4:])
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)
    again = minibatches(10, 3, epochs=2, seed=0)
    assert all((a == b).all() for a, b in zip(batches, again, strict=True))


def test_fit_reports_every_step():
    seen = []
    x, labels = small_data("float32")
    losses = fit(
        small_network("float32"),
        x,
        labels,
        optimiser=SGD(),
        batch_size=20,
        report=lambda step, loss: seen.append((step, loss)),
    )
    assert seen == list(enumerate(losses, 1))
    assert len(seen) == 3
