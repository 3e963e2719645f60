"""Every peer computes what it does not refuse; an unknown one is an error."""

import pytest
from benching import GEOMETRY, connected

import convcore
from convcore.bench import contenders, peers
from convcore.bench.agreement import disagreement
from convcore.bench.contenders import Task
from convcore.bench.peers import PEERS
from convcore.problem import OPERATIONS
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import ALONE, Problem

WORTH_ADAPTING = [name for name in ALONE if name[:2] in ("1d", "2d", "3d")]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_computes_what_it_does_not_refuse(name, operation):
    peer, ran = connected(name), 0
    for problem in (ALONE[name] for name in WORTH_ADAPTING):
        task = Task(problem, operation, *operands("random", problem.geometry, "float32", operation))
        if peer.refusal(problem.geometry, operation):
            continue
        call = peer.prepare(problem.geometry, operation, task.first, task.second)
        got = peer.array(call())
        want = contenders._backend_entry("naive", task).call()
        assert disagreement(task, got, want) is None, problem.name
        ran += 1
    assert ran > 30 or peer.refusal(ALONE["2d"].geometry, operation)


@pytest.mark.parametrize("name", ["openvino", "ncnn", "jax"])
def test_a_peer_of_single_precision_is_left_out_in_double(name):
    pair = operands("random", GEOMETRY, "float64", "forward")
    task = Task(Problem("p", GEOMETRY, "test"), "forward", *pair)
    with pytest.raises(contenders.Refused, match="dtype float64 is not one of float32"):
        contenders.peer(connected(name)).enter(task)


def test_an_unknown_peer_is_an_error_that_lists_the_known():
    with pytest.raises(convcore.UnknownBackendError, match=r"torch, .*scipy.*; got 'trch'"):
        peers.connect(["trch"], 1)
