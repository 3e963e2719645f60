"""Benchmarks name problems and backends that exist."""

import ast
from pathlib import Path

import convcore
from convcore.problem import OPERATIONS
from convcore.testing.catalogue.problems import CATALOGUE, LAYERS

ROOT = Path(__file__).parents[2]


def constants(path):
    """Lists and numbers assigned at the top of a module, read without importing it."""
    tree = ast.parse((ROOT / "asv_bench" / "benchmarks" / path).read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            yield node.targets[0].id, ast.literal_eval(node.value)


def test_benchmarks_name_problems_and_backends_that_exist():
    common, accuracy = dict(constants("common.py")), dict(constants("bench_accuracy.py"))
    assert {*common["PROBLEMS"], *common["BRIEF"]} <= LAYERS.keys()
    assert set(accuracy["PROBLEMS"]) <= CATALOGUE.keys()
    own = [r.name for r in convcore.backends() if r.distribution == "convcore"]
    assert set(own) - {"lines"} <= set(common["BACKENDS"])  # no layer is one; see doors.py
    assert common["OPERATIONS"] == list(OPERATIONS)
