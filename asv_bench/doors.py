"""Hold `convcore.scipy` against SciPy and NumPy, and scikit-image inside `patched`.

    python doors.py                        the table of calls, then the bars
    python doors.py --only 'gaussian*'     some of them
    python doors.py --skimage              scikit-image's filters too, where it is installed

A ratio is the time of theirs divided by ours, both the least of several turns that they took one
after the other: above 1 we are faster. The bars: 4 in the geometric mean over the table, and 2 for
each of scikit-image's; no call below 0.95: what is too small goes to theirs, by way of us.

Exit status: 0 every bar was cleared, 1 one was missed.
"""

import argparse
import sys
import time
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from math import exp, log

import numpy as np
import scipy.ndimage
import scipy.signal

import convcore.scipy
from convcore.terminal import table
from convcore.text import seconds

MEAN, EACH, SKIMAGE = 4.0, 0.95, 2.0
HD, VOLUME = (1080, 1920), (128, 128, 128)
RANDOM = np.random.default_rng(0)


def numbers(*shape, dtype="float64"):
    """Random numbers, up to 255 as in an image."""
    return (RANDOM.random(shape) * 255).astype(dtype)


# Name: module, function, and what makes its arguments, which may be large.
NDIMAGE = {
    "gaussian 32x32 float64": ("gaussian_filter", (32, 32), "float64", 1),
    "gaussian 128x128 uint8": ("gaussian_filter", (128, 128), "uint8", 1),
    "gaussian 512x512 float32": ("gaussian_filter", (512, 512), "float32", 2),
    "gaussian sigma 1 HD uint8": ("gaussian_filter", HD, "uint8", 1),
    "gaussian sigma 1 HD float32": ("gaussian_filter", HD, "float32", 1),
    "gaussian sigma 4 HD float32": ("gaussian_filter", HD, "float32", 4),
    "gaussian sigma 4 HD float64": ("gaussian_filter", HD, "float64", 4),
    "gaussian sigma 2 4K uint8": ("gaussian_filter", (2160, 3840), "uint8", 2),
    "gaussian sigma 1 volume float32": ("gaussian_filter", VOLUME, "float32", 1),
    "gradient magnitude 512x512 float64": (
        "gaussian_gradient_magnitude",
        (512, 512),
        "float64",
        1.5,
    ),
    "laplace of gaussian HD float32": ("gaussian_laplace", HD, "float32", 2),
    "sobel 512x512 uint8": ("sobel", (512, 512), "uint8"),
    "sobel HD float32": ("sobel", HD, "float32"),
    "laplace HD float64": ("laplace", HD, "float64"),
    "uniform 5 128x128 float64": ("uniform_filter", (128, 128), "float64", 5),
    "uniform 5 HD uint8": ("uniform_filter", HD, "uint8", 5),
    "uniform 31 HD float32": ("uniform_filter", HD, "float32", 31),
    "uniform 101 HD float32": ("uniform_filter", HD, "float32", 101),
    "convolve1d 33 taps axis 0 HD float64": ("convolve1d", HD, "float64", numbers(33), 0),
    "convolve1d 101 taps 1e6 float64": ("convolve1d", (10**6,), "float64", numbers(101)),
    "convolve 3x3 32x32 float32": ("convolve", (32, 32), "float32", numbers(3, 3)),
    "convolve 3x3 HD uint8": ("convolve", HD, "uint8", numbers(3, 3) / 2000),
    "convolve 7x7 512x512 float64": ("convolve", (512, 512), "float64", numbers(7, 7)),
    "correlate 15x15 HD float32": ("correlate", HD, "float32", numbers(15, 15)),
    "correlate 5x5x5 volume float32": ("correlate", VOLUME, "float32", numbers(5, 5, 5)),
}
SIGNAL = {
    "convolve 1e3 by 10": ("convolve", (1000,), numbers(10)),
    "convolve 1e5 by 101": ("convolve", (10**5,), numbers(101)),
    "convolve 1e6 by 1001": ("convolve", (10**6,), numbers(1001)),
    "correlate 512x512 by 31x31": ("correlate", (512, 512), numbers(31, 31), "same"),
    "convolve2d 3x3 512x512": ("convolve2d", (512, 512), numbers(3, 3), "same", "symm"),
    "convolve2d 15x15 512x512": ("convolve2d", (512, 512), numbers(15, 15)),
    "fftconvolve 1e5 by 1e3": ("fftconvolve", (10**5,), numbers(1000)),
    "fftconvolve 1024x1024 by 65x65": ("fftconvolve", (1024, 1024), numbers(65, 65)),
    "oaconvolve 1e7 by 257": ("oaconvolve", (10**7,), numbers(257)),
    "resample_poly 160/147 1e5": ("resample_poly", (10**5,), 160, 147),
    "resample_poly 1/4 1e6": ("resample_poly", (10**6,), 1, 4),
    "decimate by 8 1e6": ("decimate", (10**6,), 8, None, "fir"),
}
NUMPY = {"convolve 1e3 by 10": (1000, 10), "1e5 by 100": (10**5, 100), "1e6 by 1e3": (10**6, 1000)}


def calls():
    """Every name with the call to theirs and the call to ours, on the same arrays."""
    ours = convcore.scipy
    for name, (function, shape, dtype, *rest) in NDIMAGE.items():
        image = numbers(*shape, dtype=dtype)
        pair = (getattr(module, function) for module in (scipy.ndimage, ours.ndimage))
        yield f"ndimage {name}", *(partial(one, image, *rest) for one in pair)
    for name, (function, shape, *rest) in SIGNAL.items():
        array = numbers(*shape)
        pair = (getattr(module, function) for module in (scipy.signal, ours.signal))
        yield f"signal {name}", *(partial(one, array, *rest) for one in pair)
    for name, (extent, taps) in NUMPY.items():
        a, v = numbers(extent), numbers(taps)
        yield f"numpy {name}", partial(np.convolve, a, v), partial(ours.convolve, a, v)


def skimage_calls():
    """The same function of scikit-image outside and inside `patched`."""
    from skimage import feature, filters, metrics

    image = numbers(*HD) / 255
    other = image + 0.1 * numbers(*HD) / 255
    for name, call in {
        "gaussian": partial(filters.gaussian, image, 2),
        "sobel": partial(filters.sobel, image),
        "canny": partial(feature.canny, image, 2),
        "ssim": partial(metrics.structural_similarity, image, other, data_range=1.0),
    }.items():
        yield f"skimage {name}", call, partial(inside, call)


def inside(call):
    """The call, with SciPy's functions on ours."""
    with convcore.scipy.patched():
        return call()


def least(theirs, ours, budget):
    """Least seconds of either, in turns, of as many calls as fill a hundredth of a second."""
    times = ([], [])
    counts = [max(1, int(0.01 / once(call, 1))) for call in (theirs, ours)]
    end = time.perf_counter() + budget
    while len(times[0]) < 3 or time.perf_counter() < end:
        for kept, call, count in zip(times, (theirs, ours), counts, strict=True):
            kept.append(once(call, count))
    return min(times[0]), min(times[1])


def once(call, count):
    """Seconds of one of `count` calls."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def main():
    """Time, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="*")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each call")
    parser.add_argument("--skimage", action="store_true")
    args = parser.parse_args()
    rows, ratios = [], {}
    for name, theirs, ours in chain(calls(), skimage_calls() if args.skimage else ()):
        if fnmatchcase(name, f"*{args.only}*"):
            once(ours, 1)
            a, b = least(theirs, ours, args.seconds)
            ratios[name] = a / b
            rows.append((name, seconds(a), seconds(b), f"{a / b:.2f}"))
    table("", ("call", "theirs", "ours", "ratio"), rows, "lrrr")
    scikit = {name: ratio for name, ratio in ratios.items() if name.startswith("skimage")}
    plain = [ratio for name, ratio in ratios.items() if name not in scikit]
    mean = exp(sum(map(log, plain)) / len(plain)) if plain else MEAN
    missed = [n for n, r in ratios.items() if r < (SKIMAGE if n in scikit else EACH)]
    print(f"\n{len(plain)} calls, geometric mean {mean:.2f}; missed: {', '.join(missed) or 'none'}")
    return int(mean < MEAN or bool(missed))


if __name__ == "__main__":
    sys.exit(main())
