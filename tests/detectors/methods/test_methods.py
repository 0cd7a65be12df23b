"""Test the specific properties of each method."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from detectors import CropError, create_detector, list_detectors
from detectors.augmentation.mixing import mix_frequencies, mix_pixels
from detectors.creation import build_network
from detectors.methods.batch import Batch
from detectors.methods.effort import SingularResidual
from detectors.methods.f3net import BandSplit, LocalStatistics, cosine_matrix
from detectors.methods.face_xray import boundary_of
from detectors.methods.flicker import second_differences
from detectors.methods.ln_clip import alignment, uniformity
from detectors.methods.networks import count_trained
from detectors.methods.spsl import PhaseStem
from detectors.methods.srm import ResidualStem


def trained_share(detector):
    counts = [(weight.numel(), weight.requires_grad) for weight in detector.model.parameters()]
    return sum(number for number, trained in counts if trained) / sum(number for number, _ in counts)


def test_a_probe_trains_nothing_but_its_classifier():
    names = [
        name for name, weight in create_detector("toy_linear_probe").model.named_parameters() if weight.requires_grad
    ]
    assert names == ["classifier.weight", "classifier.bias"]


def test_norm_tuning_trains_the_layer_norms_and_classifies_unit_features():
    detector = create_detector("toy_ln_clip")
    names = [name for name, weight in detector.model.named_parameters() if weight.requires_grad]
    assert all("norm" in name or name.startswith("classifier") for name in names)
    norms = sum(isinstance(module, nn.LayerNorm) for module in detector.model.modules())
    assert len(names) == 2 * norms + 2
    _, features = detector.embed(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8))
    assert np.linalg.norm(features, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_norm_tuning_prefers_spread_features_that_gather_by_label():
    labels = torch.tensor([0.0, 0.0, 1.0, 1.0])
    axes = torch.eye(4)
    gathered = axes[[0, 0, 1, 1]]
    mixed = axes[[0, 1, 0, 1]]
    collapsed = axes[[0, 0, 0, 0]]
    losses = [
        0.5 * uniformity(features) + 0.1 * alignment(features, labels) for features in (gathered, mixed, collapsed)
    ]
    assert losses[0] < losses[1] < losses[2]


def test_effort_trains_one_singular_direction_of_each_attention_matrix():
    detector = create_detector("toy_effort")
    blocks = [module for module in detector.model.modules() if isinstance(module, SingularResidual)]
    width = blocks[0].right.shape[-1]
    trained = sum(weight.numel() for weight in detector.model.parameters() if weight.requires_grad)
    depth = len(blocks) // 2
    # q, k, v and out have one left vector, one value and one right vector each; then the classifier
    assert trained == depth * 4 * (2 * width + 1) + width + 1
    assert trained_share(detector) < 0.05


@pytest.mark.parametrize("blocks", [1, 3])
def test_effort_starts_as_the_layer_it_took_over_and_folds_back_into_one(blocks):
    torch.manual_seed(0)
    linear = nn.Linear(12, 12 * blocks)
    taken = SingularResidual(linear, blocks=blocks)
    tokens = torch.randn(5, 12)
    assert torch.allclose(taken(tokens), linear(tokens), atol=1e-5)
    with torch.no_grad():
        taken.left.mul_(1.5)
    assert not torch.allclose(taken(tokens), linear(tokens), atol=1e-3)
    assert torch.allclose(taken.folded()(tokens), taken(tokens), atol=1e-5)


def test_effort_keeps_the_leading_singular_directions_of_every_block():
    torch.manual_seed(0)
    linear = nn.Linear(8, 24)
    taken = SingularResidual(linear, blocks=3)
    for kept, whole in zip(taken.main, linear.weight.reshape(3, 8, 8), strict=True):
        singular = torch.linalg.svdvals(whole)
        assert torch.allclose(torch.linalg.svdvals(kept)[:-1], singular[:-1], atol=1e-5)
        assert torch.linalg.svdvals(kept)[-1] < 1e-5


def test_residual_planes_are_blind_to_flat_colour_and_to_slopes():
    ramp = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32).clone()
    planes = ResidualStem()(ramp)
    assert planes.shape == (1, 6, 32, 32)
    assert torch.equal(planes[:, :3], ramp)
    assert planes[:, 3:, 4:-4, 4:-4].abs().max() < 1e-4


def test_residual_planes_see_what_a_slight_blur_takes_away():
    noise = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.05
    blurred = nn.functional.avg_pool2d(noise, 3, stride=1, padding=1)
    stem = ResidualStem()
    assert stem(blurred)[:, 3:].abs().mean() < 0.5 * stem(noise)[:, 3:].abs().mean()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "trained"), [("ln_clip", 102_400), ("effort", 196_704), ("linear_probe", 0)])
def test_at_full_size_exactly_the_published_number_of_backbone_parameters_is_trained(name, trained):
    with torch.device("meta"):
        model = build_network(list_detectors(name)[0])
    assert count_trained(model.backbone) == trained
    assert count_trained(model.classifier) == 1024 + 1
    norms = [module for module in model.modules() if isinstance(module, nn.LayerNorm)]
    assert len(norms) == 50


def test_a_frozen_backbone_stays_in_evaluation_while_its_classifier_is_trained():
    model = create_detector("toy_linear_probe").model.train()
    assert model.classifier.training
    assert not any(module.training for module in model.backbone.modules())


def test_uniformity_and_alignment_are_what_a_double_loop_says():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6, 5))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    labels = [0, 1, 0, 1, 1, 0]
    pairs = [(i, j) for i in range(6) for j in range(i)]
    spread = np.log(np.mean([np.exp(-2 * np.sum((features[i] - features[j]) ** 2)) for i, j in pairs]))
    near = np.mean([np.sum((features[i] - features[j]) ** 2) for i, j in pairs if labels[i] == labels[j]])
    given = torch.tensor(features)
    assert float(uniformity(given)) == pytest.approx(spread, rel=1e-5)
    assert float(alignment(given, torch.tensor(labels))) == pytest.approx(near, rel=1e-5)


def test_the_phase_plane_agrees_with_a_fourier_transform_and_forgets_contrast():
    planes = torch.rand(2, 1, 20, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    stem = PhaseStem(20)
    spectrum = torch.fft.fft2(planes, norm="ortho")
    wanted = torch.fft.ifft2(spectrum / (spectrum.abs() + 1e-3), norm="ortho").real
    assert torch.allclose(stem.phase_only(planes), wanted, atol=1e-4)
    assert stem.phase_only(planes).square().mean() == pytest.approx(1, abs=0.02)
    assert torch.allclose(stem.phase_only(3 * planes), stem.phase_only(planes), atol=0.05)


def test_spsl_leaves_out_the_middle_flow_of_xception():
    with torch.device("meta"):
        shallow, whole = (build_network(list_detectors(name)[0]) for name in ("spsl", "xception"))
    blocks = dict(shallow.named_modules())
    assert all(isinstance(blocks[f"backbone.1.block{number}"], nn.Identity) for number in range(4, 12))
    assert count_trained(shallow) < 0.5 * count_trained(whole)


def test_the_cosine_matrix_is_that_of_scipy_and_turns_itself_back():
    from scipy.fft import dct

    signal = np.random.default_rng(0).normal(size=12)
    assert (cosine_matrix(12).double().numpy() @ signal) == pytest.approx(dct(signal, norm="ortho"), abs=1e-5)
    assert torch.allclose(cosine_matrix(12).T @ cosine_matrix(12), torch.eye(12), atol=1e-5)


def test_the_bands_of_f3net_add_up_to_the_crop_and_part_smooth_from_fine():
    crops = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    low, middle, high = BandSplit(32)(crops).chunk(3, dim=1)
    assert torch.allclose(low + middle + high, crops, atol=1e-5)
    smooth = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)
    low, _, high = BandSplit(32)(smooth).chunk(3, dim=1)
    assert high.square().sum() < 0.01 * low.square().sum()


def test_local_statistics_put_a_fine_pattern_into_the_highest_band():
    fine = ((torch.arange(30)[:, None] + torch.arange(30)) % 2 * 2.0 - 1).expand(1, 3, 30, 30)
    flat = torch.ones(1, 3, 30, 30)
    statistics = LocalStatistics()
    assert statistics(fine).shape == (1, 6, 11, 11)
    assert set(statistics(fine).argmax(dim=1).flatten().tolist()) == {5}
    assert set(statistics(flat).argmax(dim=1).flatten().tolist()) == {0}


def test_a_boundary_is_one_half_way_through_the_seam_and_nought_in_each_picture():
    masks = torch.tensor([0.0, 0.25, 0.5, 1.0])[:, None, None].expand(4, 8, 8)
    assert boundary_of(masks, 2)[:, 0, 0].tolist() == pytest.approx([0, 0.75, 1, 0])


@pytest.mark.slow
def test_face_xray_learns_a_boundary_from_masks_and_is_left_alone_without_them():
    torch.manual_seed(0)
    model = create_detector("toy_face_xray").model
    seam = torch.zeros(1, 64, 64)
    seam[:, :, 24:40] = 0.5
    crops = torch.randn(2, 3, 64, 64) * 0.1
    crops[1, :, :, 24:40] += 2
    batch = Batch(crops, torch.tensor([0.0, 1.0]), torch.tensor([True]), seam)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    with torch.no_grad():
        drawn = model.boundary(crops)
        without = float(model.loss(batch._replace(masks=None)))
        alone = float(nn.functional.binary_cross_entropy_with_logits(model(crops), batch.labels))
    assert drawn.shape == (2, 16, 16)
    assert drawn[1, :, 6:10].mean() > 0.7
    assert drawn[1, :, :4].mean() < 0.3
    assert drawn[0].mean() < 0.3
    assert without == pytest.approx(alone, abs=1e-6)


def test_twins_are_pushed_apart_only_where_they_are_twins():
    model = create_detector("toy_twins").model
    crops = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0.0, 1.0, 0.0, 1.0])
    with torch.no_grad():
        alone, together = (model.loss(Batch(crops, labels, torch.tensor([paired] * 2))) for paired in (False, True))
        logits = model(crops)
    ranking = nn.functional.softplus(logits[0::2] - logits[1::2]).mean()
    assert float(together - alone) == pytest.approx(0.5 * float(ranking), abs=1e-6)


def test_mixing_draws_a_forgery_towards_its_twin_and_never_past_it():
    rng = np.random.default_rng(0)
    genuine = rng.integers(60, 190, (32, 32, 3), dtype=np.uint8)
    forged = (genuine + rng.integers(-20, 20, genuine.shape)).astype(np.uint8)
    apart = np.abs(forged.astype(float) - genuine).mean()
    for mix in (mix_pixels, mix_frequencies):
        left = [
            np.abs(mix(genuine, forged, np.random.default_rng(seed)).astype(float) - genuine).mean()
            for seed in range(20)
        ]
        assert max(left) <= apart + 1
        assert min(left) < 0.5 * apart
        assert mix(genuine, genuine, rng) == pytest.approx(genuine, abs=1)


def test_even_motion_is_no_flicker_and_a_flash_is():
    ramp = torch.linspace(0, 1, 6)[None, :, None, None, None].expand(1, 6, 3, 8, 8)
    assert second_differences(ramp).shape == (1, 4, 3, 8, 8)
    assert second_differences(ramp).abs().max() < 1e-5
    flash = ramp.clone()
    flash[:, 3] += 0.2
    assert second_differences(flash).abs().amax(dim=(0, 2, 3, 4)).tolist() == pytest.approx(
        [0, 0.4, 0.8, 0.4], abs=1e-5
    )


def test_the_order_of_frames_counts_for_a_detector_of_clips():
    for name in ("toy_video", "toy_flicker"):
        detector = create_detector(name)
        crops = np.random.default_rng(0).integers(0, 256, (1, 4, 64, 64, 3), dtype=np.uint8)
        assert abs(detector.embed(crops)[0] - detector.embed(crops[:, [0, 2, 1, 3]])[0]) > 1e-7


def test_a_clip_shorter_than_a_window_is_refused():
    with pytest.raises(CropError, match="4 consecutive frames at once, got 3"):
        create_detector("toy_flicker").score(np.zeros((3, 64, 64, 3), np.uint8))
