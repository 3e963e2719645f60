"""dask-image's filters on ours: SciPy's results, whatever the chunks."""

import numpy as np
import pytest

import convcore

da = pytest.importorskip("dask.array")
ndimage = pytest.importorskip("convcore.scipy.ndimage")
ndfilters = pytest.importorskip("dask_image.ndfilters")
scipy_ndimage = pytest.importorskip("scipy.ndimage")
door = pytest.importorskip("convcore.adapters.dask_image")


@pytest.fixture
def installed():
    door.install()
    yield
    door.uninstall()


IMAGE = np.random.default_rng(0).standard_normal((70, 60))
KERNEL = np.random.default_rng(1).standard_normal((5, 3))
CALLS = {
    "convolve": (ndfilters.convolve, scipy_ndimage.convolve, (KERNEL,)),
    "correlate": (ndfilters.correlate, scipy_ndimage.correlate, (KERNEL,)),
    "gaussian_filter": (ndfilters.gaussian_filter, scipy_ndimage.gaussian_filter, (1.5,)),
    "gaussian_gradient_magnitude": (
        ndfilters.gaussian_gradient_magnitude,
        scipy_ndimage.gaussian_gradient_magnitude,
        (1.5,),
    ),
    "gaussian_laplace": (ndfilters.gaussian_laplace, scipy_ndimage.gaussian_laplace, (1.5,)),
    "laplace": (ndfilters.laplace, scipy_ndimage.laplace, ()),
    "prewitt": (ndfilters.prewitt, scipy_ndimage.prewitt, ()),
    "sobel": (ndfilters.sobel, scipy_ndimage.sobel, ()),
    "uniform_filter": (ndfilters.uniform_filter, scipy_ndimage.uniform_filter, (4,)),
}


@pytest.mark.parametrize("name", door.FILTERS)
def test_filters_compute_their_chunks_by_ours(installed, monkeypatch, name):
    lazy, whole, arguments = CALLS[name]
    asked, own = [], getattr(ndimage, name)
    monkeypatch.setattr(ndimage, name, lambda *a, **k: asked.append(name) or own(*a, **k))
    chunked = lazy(da.from_array(IMAGE, chunks=(32, 25)), *arguments)
    got = chunked.compute(scheduler="synchronous")  # not on a cluster that another test left
    assert len(asked) == 9
    np.testing.assert_allclose(got, whole(IMAGE, *arguments), rtol=0, atol=1e-12)


def test_the_backend_travels_with_the_tasks(installed, monkeypatch):
    seen = []

    def convolve(image, weights, **options):
        seen.append(convcore.plan((1, 1, 9), (1, 1, 3)).name)
        return image

    monkeypatch.setattr(ndimage, "convolve", convolve)
    with convcore.use_backend("naive"):
        lazy = ndfilters.convolve(da.from_array(IMAGE, chunks=40), KERNEL)
    lazy.compute(scheduler="threads")
    assert set(seen) == {"naive"}


def test_uninstalled_it_is_scipys_again(monkeypatch):
    before = [door._dispatcher(name).dispatch(np.ndarray) for name in door.FILTERS]
    door.install()
    door.install()
    door.uninstall()
    assert before == [door._dispatcher(name).dispatch(np.ndarray) for name in door.FILTERS]
