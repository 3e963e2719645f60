"""The volume part of the demo, on a smaller volume and in less memory."""

import numpy as np
import pytest

from convcore.cli import main
from convcore.errors import ConvcoreError

pytest.importorskip("zarr")
pytest.importorskip("distributed")
volume = pytest.importorskip("convcore.demo.volume")


def test_a_volume_is_filtered_out_of_core_and_drawn(tmp_path, capsys):
    assert main(["demo", "volume", "--gib", "0.06", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "256x256x256 voxels, 64.0 MiB, with 1.00 GiB of memory" in out
    assert "http://127.0.0.1:" in out
    assert "8 boxes agree with the direct answer" in out
    assert "Filtering it: " in err
    assert (tmp_path / "volume.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["volume.png"]


def stored(array):
    zarr = pytest.importorskip("zarr")
    made = zarr.create_array({}, shape=array.shape, chunks=(32,) * 3, dtype="float32")
    made[:] = array
    return made


def test_a_wrong_voxel_at_the_border_is_found():
    source = stored(volume.gyroid(64).compute())
    result = volume.gradient_magnitude(source, 2**20)
    assert result.npartitions > 1
    right = result.compute(scheduler="sync")
    assert volume.check_boxes(source, stored(right)) < 1e-5
    right[0, 0, 0] += 0.01
    with pytest.raises(ConvcoreError, match="a box is off by"):
        volume.check_boxes(source, stored(right))


def test_the_kernels_blur_and_take_slopes():
    ramp = np.broadcast_to(np.arange(7.0) - 3, (7, 7, 7))
    slopes = (volume.kernels() * ramp).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(slopes, [0, 0, 1], atol=0.03)
    np.testing.assert_allclose(volume.kernels().sum(axis=(1, 2, 3)), 0, atol=1e-6)


def test_a_full_disk_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(ConvcoreError, match="ask for a smaller one with --gib"):
        volume.run(out=tmp_path, gib=1e9)
    assert not list(tmp_path.iterdir())
