"""Parameters in files: back as they were saved, or a sentence that says why not."""

import re
import zipfile

import numpy as np
import pytest
from networks import small_data, small_network

from convcore.network import Dense, Network, ParameterError


@pytest.fixture
def saved(tmp_path):
    """A path to the parameters of a network, and that network."""
    network = small_network("float32", seed=11)
    network.save(tmp_path / "network.npz")
    return tmp_path / "network.npz", network


def test_load_gives_back_what_was_saved(saved):
    path, network = saved
    other = small_network("float32", seed=12)
    other.load(path)
    x, _ = small_data("float32")
    np.testing.assert_array_equal(other.forward(x), network.forward(x))


def test_save_writes_to_exactly_the_path(tmp_path):
    network = small_network()
    network.save(str(tmp_path / "weights"))
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    network.load(tmp_path / "weights")


def refused(path, message, network=None):
    """Load, see the message, and see that nothing was changed."""
    network = network or small_network("float32")
    before = {name: array.copy() for name, array in network.parameters.items()}
    with pytest.raises(ParameterError, match=re.escape(message)):
        network.load(path)
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def test_load_refuses_other_names(saved):
    network = Network([Dense(2, 2, bias=False)])
    refused(saved[0], "must hold exactly the parameters 0.weight; got an unknown 0.bias", network)
    network.save(saved[0])
    refused(saved[0], "got no 0.bias, no 1.weight, no 1.bias, no 4.weight, no 4.bias")


def test_load_refuses_other_shapes_and_dtypes(saved):
    path, network = saved
    values = dict(network.parameters)
    refused(path, "0.weight must have shape (4, 1, 3, 3) and dtype float64", small_network())
    values["4.bias"] = np.zeros(7, np.float32)
    np.savez(path, **values)
    refused(path, "4.bias must have shape (3,) and dtype float32; got (7,) and float32")


def test_load_refuses_pickles(saved, tmp_path):
    path, network = saved
    values = dict(network.parameters) | {"4.bias": np.array([{"a": 1}], dtype=object)}
    np.savez(path, **values)
    refused(path, "path: must be an .npz file of plain arrays; got")


def test_load_refuses_files_of_other_kinds(saved, tmp_path):
    (tmp_path / "text").write_text("no zip")
    refused(tmp_path / "text", "path: must be an .npz file; got")
    np.save(tmp_path / "array.npy", np.zeros(3))
    refused(tmp_path / "array.npy", "path: must be an .npz file; got")
    with pytest.raises(FileNotFoundError):
        small_network().load(tmp_path / "missing.npz")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_load_refuses_cut_and_damaged_files(saved, share):
    path, _ = saved
    whole = path.read_bytes()
    place = int(len(whole) * share)
    path.write_bytes(whole[:place])
    refused(path, "path: must be an .npz file; got")
    path.write_bytes(whole[: place // 2] + b"\x55" * 64 + whole[place // 2 + 64 :])
    refused(path, "path: must be an .npz file of plain arrays; got")


def test_load_refuses_archives_of_other_things(saved):
    path, _ = saved
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.weight", "text")
    refused(path, "member '0.weight' is no array")


def test_assign_refuses_what_does_not_fit():
    network = Network([Dense(2, 3)])
    with pytest.raises(ParameterError, match=r"values: .* got no 0\.bias"):
        network.assign({"0.weight": np.zeros((3, 2), np.float32)})


def test_save_refuses_objects_before_it_writes(saved):
    path, network = saved
    whole = path.read_bytes()
    network.layers[-1].parameters["bias"] = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ParameterError, match=r"parameters: must be plain arrays; got .* 4\.bias"):
        network.save(path)
    assert path.read_bytes() == whole


def test_a_file_holds_the_parameters_and_nothing_else(saved):
    path, network = saved
    with np.load(path) as file:
        assert set(file.files) == set(network.parameters)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_load_refuses_every_damage(saved, write):
    """One byte is another: it is noticed, or was of no consequence."""
    path, network = saved
    write(path, **network.parameters)
    whole, before = path.read_bytes(), {k: v.copy() for k, v in network.parameters.items()}
    refusals = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            network.load(path)
        except ParameterError:
            refusals += 1
        for name, array in network.parameters.items():
            np.testing.assert_array_equal(array, before[name])
    assert refusals > len(whole) // 14
