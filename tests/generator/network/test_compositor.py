"""Test what is composed of moved layers and the network's drawing, whatever the weights."""

from __future__ import annotations

import pytest
import torch

from generator.geometry import GUIDES, TURNS
from generator.network.compositor import Compositor
from generator.network.config import TOY
from generator.network.model import Conditions

SIDE = 64


def pictures(channels, seed, side=SIDE, count=2):
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(seed))


def inputs(trust):
    guides = pictures(len(GUIDES), 3)
    guides[:, :1] = trust
    drawn, moved = (pictures(3, seed) * 2 - 1 for seed in range(2))
    return drawn, moved, guides, pictures(TURNS, 4)


def steps_of_trust():
    """Return trust in columns: 255 of 255, then falling to 0, as it is stored."""
    levels = torch.linspace(2, 0, SIDE).clamp(max=1)
    return ((levels * 255).round() / 255).expand(2, 1, SIDE, SIDE)


@pytest.mark.parametrize("spread", [0.02, 1.0, 30.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_composed_picture_is_the_moved_one_to_the_bit_where_that_is_trusted_whatever_the_weights(spread, seed):
    torch.manual_seed(seed)
    compositor = Compositor(TOY)
    for parameter in compositor.parameters():
        torch.nn.init.normal_(parameter, std=spread)
    trust = steps_of_trust()
    drawn, moved, guides, turned = inputs(trust)
    with torch.no_grad():
        picture, gate = compositor(drawn, moved, guides, turned)
    trusted = (trust == 1).expand_as(moved)
    assert trusted.float().mean() > 0.4 and torch.equal(picture[trusted], moved[trusted])
    assert not gate[trust == 1].any()
    assert (gate >= 0).all() and (gate <= 1 - trust).all()
    assert (picture != moved)[~trusted].float().mean() > 0.3
    assert picture.abs().max() <= 1 + 1e-6


def test_an_untrained_compositor_hardly_opens_and_mixes_what_it_is_given():
    torch.manual_seed(0)
    drawn, moved, guides, turned = inputs(0.0)
    with torch.no_grad():
        picture, gate = Compositor(TOY)(drawn, moved, guides, turned)
    opened = torch.sigmoid(torch.tensor(-1.5))
    torch.testing.assert_close(gate, opened.expand_as(gate))
    torch.testing.assert_close(picture, moved + opened * ((drawn + moved) / 2 - moved))


def test_a_window_of_the_composition_equals_that_part_of_the_whole(toy_model):
    """A pixel depends on the 62 around it in each direction; nearer to a window's edge its padding counts."""
    cells, side = 12, 12 * TOY.patch
    latent = torch.randn(1, TOY.latent_channels, cells, cells, generator=torch.Generator().manual_seed(2))
    given = Conditions(
        {
            "moved": pictures(3, 5, side, 1) * 2 - 1,
            "guides": pictures(len(GUIDES), 6, side, 1),
            "turned": pictures(TURNS, 7, side // 2, 1),
        },
        torch.zeros(1, TOY.expression_inputs),
    )
    whole = toy_model.compose(latent, given, (slice(0, cells), slice(0, cells)))
    part = toy_model.compose(latent, given, (slice(1, 11), slice(2, 12)))
    assert part.picture.shape[-2:] == (160, 160)
    for ours, theirs in zip(part, whole, strict=True):
        here, there = ours[..., 64:96, 64:], theirs[..., 80:112, 96:]
        torch.testing.assert_close(here, there, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(ours[..., :8, :8], theirs[..., 16:24, 32:40], atol=1e-5)
