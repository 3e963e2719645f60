"""Networks of PyTorch, unchanged, with and without ours under them: one line for each.

    python asv_bench/installed.py [SECONDS]

Both run by turns in this process, in the same order of memory, and what is told is the ratio of the
best times: above 1 ours is faster. All weights are random. Nothing is recorded.
"""

import sys
import time
from math import exp, log

import torch
from torch import nn

from convcore.adapters import torch as door


class Residual(nn.Module):
    """x + f(x), where their shapes allow it."""

    def __init__(self, *layers, kept=True):
        super().__init__()
        self.layers, self.kept = nn.Sequential(*layers), kept

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.kept else y


def convolved(a, b, taps, stride=1, groups=1):
    norm = nn.BatchNorm2d(b)
    return nn.Conv2d(a, b, taps, stride, taps // 2, groups=groups, bias=False), norm, nn.ReLU()


def bottleneck(a, b, stride=1):
    inner = b // 4
    layers = (*convolved(a, inner, 1), *convolved(inner, inner, 3, stride), *convolved(inner, b, 1))
    return Residual(*layers, kept=a == b and stride == 1)


def separable(a, b, stride=1):
    layers = (*convolved(a, 4 * a, 1), *convolved(4 * a, 4 * a, 3, stride, 4 * a))
    return Residual(*layers, *convolved(4 * a, b, 1), kept=a == b and stride == 1)


def large_window(width):
    return Residual(
        nn.Conv2d(width, width, 7, padding=3, groups=width),
        nn.GroupNorm(1, width),
        nn.Conv2d(width, 4 * width, 1),
        nn.GELU(),
        nn.Conv2d(4 * width, width, 1),
    )


def headed(width, *layers):
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 100))


def resnet():
    stages = [bottleneck(64, 256), bottleneck(256, 256), bottleneck(256, 512, 2)]
    stages += [bottleneck(512, 512), bottleneck(512, 1024, 2), bottleneck(1024, 1024)]
    return headed(1024, *convolved(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1), *stages)


def mobilenet():
    stages = [separable(16, 24, 2), separable(24, 24), separable(24, 32, 2), separable(32, 32)]
    return headed(96, *convolved(3, 16, 3, 2), *stages, separable(32, 64, 2), separable(64, 96))


def convnext():
    stem = nn.Conv2d(3, 96, 4, 4)
    down = nn.Conv2d(96, 192, 2, 2)
    return headed(192, stem, *map(large_window, (96, 96)), down, *map(large_window, (192, 192)))


def forward(model, x):
    with torch.no_grad():
        return model(x)


def training_step(model, x):
    model.zero_grad()
    model(x).square().mean().backward()


def compared(run, seconds):
    """Best time of PyTorch alone over that with ours."""
    best = {True: float("inf"), False: float("inf")}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for ours in (True, False):
            door.install() if ours else door.uninstall()
            run()  # as after many of its kind
            start = time.perf_counter()
            run()
            best[ours] = min(best[ours], time.perf_counter() - start)
    return best[False] / best[True]


def main(seconds=3.0):
    ratios = []
    for make in (resnet, mobilenet, convnext):
        for batch in (1, 8):
            for step in (forward, training_step):
                torch.manual_seed(0)
                model, x = make(), torch.randn(batch, 3, 128, 128)
                door.install()
                step(model, x)
                ratios.append(compared(lambda m=model, x=x, step=step: step(m, x), seconds))
                print(f"{make.__name__:10} {batch} {step.__name__:14} {ratios[-1]:.2f}", flush=True)
    print(f"geometric mean {exp(sum(map(log, ratios)) / len(ratios)):.2f}, least {min(ratios):.2f}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
