"""Training on a cluster: the parameters of one process, whatever the number of workers."""

import pickle

import numpy as np
import pytest
from networks import DiesOnce, small_data, small_network

import convcore
from convcore.errors import OptionError
from convcore.network import SGD, Adam, fit
from convcore.network.losses import softmax_cross_entropy


class Done:
    """A future whose result is there."""

    def __init__(self, value):
        self.value = value

    def result(self):
        return self.value


class Here:
    """A client without a cluster: everything is pickled there and back, and run at once."""

    def __init__(self):
        self.submitted = []

    def submit(self, function, *args, pure):
        assert not pure
        self.submitted.append(function.__name__)
        args = [self._known(arg) for arg in args]
        return Done(function(*pickle.loads(pickle.dumps(args))))

    def _known(self, arg):
        if isinstance(arg, list):
            return [self._known(entry) for entry in arg]
        return arg.value if isinstance(arg, Done) else arg


def trained(dtype="float64", optimiser=SGD, loss=softmax_cross_entropy, **options):
    x, labels = small_data(dtype, 50)
    network = small_network(dtype, "relu")
    losses = fit(
        network, x, labels, optimiser=optimiser(0.02), epochs=2, batch_size=16, loss=loss, **options
    )
    return losses, network.parameters


def agree(found, wanted, tolerance):
    np.testing.assert_allclose(found[0], wanted[0], rtol=tolerance)
    for name, array in wanted[1].items():
        assert found[1][name].dtype == array.dtype
        np.testing.assert_allclose(found[1][name], array, rtol=0, atol=tolerance)


@pytest.mark.parametrize("shards", [1, 3, 8, 100])
@pytest.mark.parametrize("optimiser", [SGD, Adam])
def test_shards_give_the_parameters_of_one_process(shards, optimiser):
    client = Here()
    agree(
        trained(optimiser=optimiser, client=client, shards=shards),
        trained(optimiser=optimiser),
        1e-14,
    )
    batches = [16, 16, 16, 2] * 2
    assert client.submitted.count("slope_of_shard") == sum(min(n, shards) for n in batches)


def test_float32_stays_float32():
    agree(trained("float32", client=Here()), trained("float32"), 1e-6)


def test_every_step_is_reported():
    seen = []
    losses, _ = trained(client=Here(), report=lambda step, loss: seen.append((step, loss)))
    assert seen == list(enumerate(losses, 1))


def test_the_backend_in_force_goes_with_the_tasks():
    asked = []

    def loss(output, target):
        asked.append(convcore.plan((1, 1, 8), (1, 1, 3)).name)
        return softmax_cross_entropy(output, target)

    class Elsewhere(Here):
        def submit(self, function, *args, pure):
            args = [self._known(arg) for arg in args]
            with convcore.use_backend("im2col"):
                return Done(function(*args))

    with convcore.use_backend("naive"):
        trained(client=Elsewhere(), loss=loss)
    assert set(asked) == {"naive"}


@pytest.mark.parametrize("shards", [0, 1.5, "8"])
def test_shards_are_a_number_of_at_least_1(shards):
    with pytest.raises(OptionError, match=r"shards: must be an integer >= 1; got"):
        trained(client=Here(), shards=shards)


@pytest.fixture
def clients():
    """A function that starts a cluster of processes and returns its client."""
    distributed = pytest.importorskip("distributed")
    started = []

    def start(workers):
        cluster = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        )
        started.extend((distributed.Client(cluster), cluster))
        return started[-2]

    yield start
    for part in started:
        part.close()


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_give_the_parameters_of_one_process(clients, workers):
    found = trained(client=clients(workers))
    agree(found, trained(), 1e-14)
    for name, array in trained(client=Here())[1].items():
        assert array.tobytes() == found[1][name].tobytes()


def test_a_worker_that_dies_in_mid_step_changes_nothing(clients, tmp_path):
    found = trained(client=clients(2), loss=DiesOnce(tmp_path))
    died = (tmp_path / "died").read_text()
    assert {path.name.split("-")[1] for path in tmp_path.glob("call*")} > {died}
    for name, array in trained(client=Here())[1].items():
        assert array.tobytes() == found[1][name].tobytes()
