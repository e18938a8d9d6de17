"""Register a page to the print of a form, whatever its angle, scale and bend (part of stage 2).

The rules of page and form are first laid over each other coarsely (correlation over scales
and quarter turns), then drawn together: every point of a printed rule looks for the nearest
rule of the page across itself (iterative closest points, Chen and Medioni 1992), words by
their middles. A projective map takes the tilt of a photo, a cubic one the bend of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from formreader.forms_print import Lines, Print
from formreader.register_coarse import coarse, project
from formreader.register_near import Probes, Target, probes_of
from formreader.register_straight import placed, powers

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

RADII_MM = (12.0, 9.0, 7.0, 5.0, 4.0, 3.0, 2.0)
"""How far the nearest rule may be, in millimetres, from one round of refinement to the next."""
CLOSE_MM = (1.5, 1.2, 1.0, 0.8, 0.6)
"""The same where the place is known nearly."""
SAME_MM = 0.5
"""Distance in millimetres between two places of a form's corners up to which they are one."""
AFFINE_ROUNDS = 3
"""Rounds in which the map stays affine: few matches are right while the reach is wide."""
TILTS = (0.0, -0.04, 0.04, -0.08, 0.08, -0.12, 0.12)
"""Tilts tried from each coarse place: change of scale from the middle of a page to its edge.
Left to the refinement alone, tilts from 0.04 were laid one row of boxes (7 to 13 mm) off."""
TILT_PROBES, TILT_REACH_MM = 500, 4.0
"""How many points are looked at for a tilt, and the distance in millimetres from which one
counts as missed."""
SPARSE = 1000
"""How many points are drawn near first."""
LEAST_POINTS = 12
"""Points that a form must have to be laid on anything."""
REFINED = 8
"""Places that are refined, of 12 at most."""
FINISHED = 3
"""Places that are refined to the end."""
NARROW = 2.0
"""How much less matches count the further off they are within a round's radius."""
STEADY = 1e-5
"""Share of itself by which each term of a step is held back, where matches do not fix it."""
NEAR_MM = 0.6
"""Distance in millimetres from its place within which a rule counts as found."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How well a form's print lies on a page: `matrix` (3, 3) takes form mm to picture pixels.

    `found` is the share of the form's print that was found on the page, `residual_mm` the
    root mean square distance of what was found.
    """

    matrix: Matrix
    bend: Matrix | None
    found: float
    residual_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A place to begin at, and how far a form's print lies from a picture's there, on average."""

    miss_mm: float
    matrix: Matrix


def fit(form: Print, target: Target, begun: list[Start]) -> Fit | None:
    """Lay a form's print over the lines of a picture; None where nothing fits.

    `begun` are the places to begin at, as `starts` gives them.
    """
    probes = probes_of(form)
    few = probes.thinned(SPARSE)
    drawn = [
        refine(few, target, start.matrix, RADII_MM, AFFINE_ROUNDS) for start in begun[:REFINED]
    ]
    rough = [_rated(form, few, target, Fit(m, None, 0.0, 0.0)) for m in _distinct(form, drawn)]
    rough.sort(key=lambda one: -one.found)
    close = [refine(probes, target, one.matrix, CLOSE_MM) for one in rough[:FINISHED]]
    fits = [_rated(form, probes, target, Fit(m, None, 0.0, 0.0)) for m in close if m is not None]
    if not fits:
        return None
    curved = bent(form, probes, target, max(fits, key=lambda one: one.found))
    if curved.bend is None:
        return curved
    # The tilt of a photo is no bend of the paper: take what is projective out and begin there.
    at = placed(curved.matrix, curved.bend, probes.at, form)
    flat = np.asarray(cv2.findHomography(probes.at, at, 0)[0], np.float64)
    again = refine(probes, target, flat, CLOSE_MM)
    if again is None:
        return curved
    return bent(form, probes, target, _rated(form, probes, target, Fit(again, None, 0.0, 0.0)))


def _distinct(form: Print, drawn: list[Matrix | None]) -> list[Matrix]:
    """Return the maps that lay a form on different places."""
    corners = np.array([[0, 0], [form.width, 0], [0, form.height], [form.width, form.height]])
    kept: list[tuple[Matrix, Points]] = []
    for matrix in drawn:
        if matrix is None:
            continue
        at = project(matrix, corners)
        near = SAME_MM * np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
        if all(np.abs(at - other).max() > near for _, other in kept):
            kept.append((matrix, at))
    return [matrix for matrix, _ in kept]


def starts(form: Print, seen: Lines, target: Target) -> list[Start]:
    """Return the coarse places, and each tilted as lays its print nearest to the page's.

    The nearest come first; none where a form has too little print.
    """
    probes = probes_of(form)
    if len(probes.at) < LEAST_POINTS:
        return []
    few = probes.thinned(TILT_PROBES)
    middle = np.array([form.width, form.height]) / 2
    there, back = np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2] = middle, -middle
    tilts = sorted(product(TILTS, TILTS), key=lambda tilt: tilt != (0, 0))
    leans = np.repeat(np.eye(3)[None], len(tilts), 0)
    leans[:, 2, :2] = tilts / middle
    found = []
    for place in coarse(form, seen):
        scale = float(np.sqrt(abs(np.linalg.det(place[:2, :2]))))
        tilted = place @ there @ leans @ back
        moved = few.at @ tilted[:, :, :2].swapaxes(1, 2) + tilted[:, None, :, 2]
        kinds = few.turned(place).kind
        far = target.distance(kinds, moved[..., :2] / moved[..., 2:]) / scale
        miss = np.minimum(far, TILT_REACH_MM).mean(axis=1)
        found += [
            Start(float(miss[best]), tilted[best] / tilted[best, 2, 2])
            for best in {0, int(miss.argmin())}
        ]
    return sorted(found, key=lambda start: start.miss_mm)


def refine(
    probes: Probes,
    target: Target,
    start: Matrix,
    radii_mm: tuple[float, ...],
    affine_rounds: int = 0,
) -> Matrix | None:
    """Draw a form's print to the nearest lines of the page, round by round."""
    matrix, used = start, probes.turned(start)
    for number, radius_mm in enumerate(radii_mm):
        scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
        spot, far = target.find(used.kind, project(matrix, used.at))
        near = far < radius_mm * scale
        if near.sum() < LEAST_POINTS:
            return None
        near_share = far / (radius_mm * scale)
        solved = _solve(used, spot, near, matrix, near_share, number >= affine_rounds)
        if solved is None:
            return None
        matrix = solved
    return matrix


def _solve(
    probes: Probes,
    spot: Points,
    near: NDArray[np.bool_],
    matrix: Matrix,
    share: Points,
    projective: bool,
) -> Matrix | None:
    """Take one Gauss-Newton step of the map towards the spots found near."""
    grow = 100.0  # brings millimetres to about 1, so that the equations are well scaled
    p = probes.at[near] / grow
    m = matrix @ np.diag([grow, grow, 1.0])
    m = m / m[2, 2]
    moved = p @ m[:, :2].T + m[:, 2]
    w = moved[:, 2:]
    at = moved[:, :2] / w
    zero, one = np.zeros(len(p)), np.ones(len(p))
    weight = probes.weight[near] / (1 + (NARROW * share[near]) ** 2)
    kinds = probes.kind[near]
    rows, misses = [], []
    for axis, kind in ((0, 1), (1, 0)):
        chosen = (kinds == kind) | (kinds == 2)
        parts = [p[:, 0], p[:, 1], one, zero, zero, zero]
        if axis == 1:
            parts = parts[3:] + parts[:3]
        if projective:
            parts += [-p[:, 0] * at[:, axis], -p[:, 1] * at[:, axis]]
        jacobian = np.stack(parts, 1) / w
        root = np.sqrt(weight[chosen])[:, None]
        rows.append(jacobian[chosen] * root)
        misses.append((spot[near][chosen, axis] - at[chosen, axis]) * root[:, 0])
    a, b = np.concatenate(rows), np.concatenate(misses)
    size = np.maximum(np.sqrt((a * a).sum(axis=0)), 1e-9)
    a = a / size  # else what steadies the large terms of the tilt would hold the others back
    step = np.linalg.solve(a.T @ a + STEADY * np.eye(len(size)), a.T @ b) / size
    change = np.zeros(9)
    change[: len(step)] = step
    fresh = (m + change.reshape(3, 3)) @ np.diag([1 / grow, 1 / grow, 1.0])
    sides = np.linalg.svd(fresh[:2, :2], compute_uv=False)
    return fresh if sides[1] > 0.5 * sides[0] and np.isfinite(fresh).all() else None


def _rated(form: Print, probes: Probes, target: Target, found: Fit) -> Fit:
    """Say how much of the form's print lies where the map puts it."""
    at = placed(found.matrix, found.bend, probes.at, form)
    _, far = target.find(probes.turned(found.matrix).kind, at)
    scale = np.sqrt(abs(np.linalg.det(found.matrix[:2, :2])))
    miss = far / scale
    hit = miss < NEAR_MM
    weight = probes.weight
    share = float((weight * hit).sum() / weight.sum())
    residual = float(np.sqrt((miss[hit] ** 2).mean())) if hit.any() else NEAR_MM
    return replace(found, found=share, residual_mm=residual)


def bent(form: Print, probes: Probes, target: Target, straight: Fit) -> Fit:
    """Add the bend of the paper where that finds more of the print."""
    kinds = probes.turned(straight.matrix).kind
    back = np.asarray(np.linalg.inv(straight.matrix), np.float64)
    bend = np.zeros((10, 2))
    for radius_mm in (3.0, 2.0, 1.5, 1.0):
        at = placed(straight.matrix, bend, probes.at, form)
        spot, far = target.find(kinds, at)
        scale = np.sqrt(abs(np.linalg.det(straight.matrix[:2, :2])))
        near = far < radius_mm * scale
        if near.sum() < 60:
            return straight
        base = powers(probes.at[near], (form.width, form.height))
        wanted = project(back, spot[near]) - probes.at[near]
        for axis, kind in ((0, 1), (1, 0)):
            chosen = (probes.kind[near] == kind) | (probes.kind[near] == 2)
            weight = probes.weight[near][chosen, None]
            a = base[chosen] * weight
            normal = a.T @ a + np.eye(10) * 0.01 * chosen.sum()
            bend[:, axis] = np.linalg.solve(normal, a.T @ (wanted[chosen, axis] * weight[:, 0]))
    found = _rated(form, probes, target, replace(straight, bend=bend))
    return found if found.found > straight.found + 0.01 else straight
