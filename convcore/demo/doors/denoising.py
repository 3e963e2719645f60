"""A network of PyTorch learns from one photograph to take noise off, and is shown another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from ...adapters.torch import install, uninstall
from ...plugin import Array
from ..problems import photographs
from .pictures import draw_images
from .turns import Outcome, compared

# Steps that are timed, and until the network is shown what it has learned.
STEPS, ALL_STEPS = 10, 100
BATCH, EDGE = 8, 64
NOISE = 0.15
# Differences of rounding grow from step to step.
_ALLOWED = 1e-3


def run(path: Path) -> list[Outcome]:
    """Train it without and with ours under it, and draw what it makes of a noisy photograph."""
    shown, seen = photographs()
    outcome, _ = compared(
        f"PyTorch, {STEPS} training steps",
        lambda: trained(seen, STEPS)[1],
        lambda: with_ours(seen, STEPS)[1],
        allowed=_ALLOWED,
    )
    noisy = shown + NOISE * np.random.default_rng(1).standard_normal(shown.shape)
    clean = denoised(with_ours(seen, ALL_STEPS)[0], noisy)
    images = {
        f"{name}, {decibels(image, shown):.1f} dB": image.clip(0, 1).transpose(1, 2, 0)
        for name, image in (("noisy", noisy), ("after the network", clean))
    }
    draw_images(path, "A network of PyTorch, trained with ours under it", images)
    return [outcome]


def with_ours(image: Array, steps: int) -> tuple[nn.Module, Array]:
    """`trained`, with PyTorch's convolutions on ours."""
    install()
    try:
        return trained(image, steps)
    finally:
        uninstall()


def trained(image: Array, steps: int) -> tuple[nn.Module, Array]:
    """A network after some steps on crops of an image of shape (3, H, W), and its losses."""
    torch.manual_seed(0)
    network = residual_network()
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    whole, losses = torch.from_numpy(image).float(), []
    for _ in range(steps):
        crops = torch.stack([_crop(whole) for _ in range(BATCH)])
        noise = NOISE * torch.randn(crops.shape)
        loss = nn.functional.mse_loss(network(crops + noise), noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return network, np.array(losses)


def residual_network() -> nn.Sequential:
    """Tells the noise of an image: windows of 5 and 7 taps, channels mixed between them."""
    width = 32
    layers: list[nn.Module] = [nn.Conv2d(3, width, 5, padding=2), nn.ReLU()]
    for _ in range(2):
        layers.append(nn.Conv2d(width, width, 7, padding=3, groups=width))
        layers += [nn.Conv2d(width, width, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(width, 3, 5, padding=2))


def _crop(image: torch.Tensor) -> torch.Tensor:
    row, column = (int(torch.randint(extent - EDGE, ())) for extent in image.shape[1:])
    return image[:, row : row + EDGE, column : column + EDGE]


def denoised(network: nn.Module, noisy: Array) -> Array:
    """The image without what the network takes for noise."""
    with torch.no_grad():
        noise: Array = network(torch.from_numpy(noisy).float()[None])[0].numpy()
    return noisy - noise


def decibels(image: Array, true: Array) -> float:
    """Ratio of the peak to the error of an image (PSNR)."""
    return float(-10 * np.log10(np.square(image - true).mean()))
