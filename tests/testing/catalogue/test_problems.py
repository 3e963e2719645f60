"""The catalogue covers what it claims."""

from __future__ import annotations

from convcore.testing.catalogue.problems import CATALOGUE, EMPTY


def test_catalogue_covers_what_it_claims():
    geometries = [problem.geometry for problem in CATALOGUE.values()]
    assert {g.spatial_rank for g in geometries} >= {1, 2, 3, 4}
    assert {g.batch for g in geometries} >= {1, 3}
    assert any(s > r for g in geometries for s, r in zip(g.stride, g.kernel_extents, strict=True))
    assert any(
        r > s for g in geometries for r, s in zip(g.kernel_extents, g.input_extents, strict=True)
    )
    assert any(g.groups > 1 and g.in_channels // g.groups >= 3 for g in geometries)
    assert any(g.groups == g.in_channels and g.out_channels > g.groups > 1 for g in geometries)
    assert any(g.spatial_rank == 3 and len(set(g.kernel_extents)) == 1 for g in geometries)
    assert any(min(before, after) < 0 for g in geometries for before, after in g.padding)
    assert any(before != after for g in geometries for before, after in g.padding)
    assert any(max(g.input_extents) > 12 and max(g.output_extents) > 64 for g in geometries)
    assert not any(g.degenerate for g in geometries)
    assert all(problem.geometry.degenerate for problem in EMPTY.values())
