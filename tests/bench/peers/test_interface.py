"""Every peer computes what it does not refuse; an unknown one is an error."""

import pytest
from benching import GEOMETRY, connected

import convcore
from convcore import Geometry
from convcore.bench import contenders, peers
from convcore.bench.agreement import disagreement
from convcore.bench.contenders import Task
from convcore.bench.peers import PEERS
from convcore.bench.peers.interface import symmetric_padding, unless_inference
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


@pytest.mark.parametrize(
    ("padding", "symmetric"),
    [(0, (0, 0)), ((1, 2), (1, 2)), (((1, 0), (0, 0)), None), (((-1, -1), (0, 0)), None)],
)
def test_padding_is_symmetric_or_none(padding, symmetric):
    geometry = Geometry.of((1, 1, 6, 6), (1, 1, 3, 3), padding=padding)
    assert symmetric_padding(geometry) == symmetric


def test_a_library_of_inference_goes_forward_and_never_crops():
    plain = Geometry.of((1, 1, 6), (1, 1, 3), padding=((2, 0),))
    cropped = Geometry.of((1, 1, 6), (1, 1, 3), padding=((2, -1),))
    assert unless_inference(plain, "forward") is None
    assert unless_inference(plain, "grad_input") == "has no gradient of a convolution"
    assert unless_inference(cropped, "forward") == "padding ((2, -1),) crops"
