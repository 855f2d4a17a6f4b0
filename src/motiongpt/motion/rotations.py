"""Quaternions and other rotations, in NumPy.

Quaternions are (..., 4) arrays ordered (w, x, y, z) with the Hamilton product; the inverse of a unit quaternion is its
conjugate. Angles are in radians. Euler angles are intrinsic: order "ZYX" rotates about Z, then the new Y, then the new
X, like the channels of a BVH file from left to right.
"""

from __future__ import annotations

import numpy as np

_AXIS = {"X": 0, "Y": 1, "Z": 2}


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of (..., 4) quaternions: rotating by the result is rotating by ``b``, then by ``a``."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def conjugate(q: np.ndarray) -> np.ndarray:
    """Inverse of unit quaternions (..., 4)."""
    return np.asarray(q) * np.array([1, -1, -1, -1], dtype=np.asarray(q).dtype)


def rotate(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Rotate vectors (..., 3) by unit quaternions (..., 4); leading shapes broadcast."""
    q, v = np.asarray(q), np.asarray(v)
    shape = np.broadcast_shapes(q.shape[:-1], v.shape[:-1])
    xyz = np.broadcast_to(q[..., 1:], (*shape, 3))
    v = np.broadcast_to(v, (*shape, 3))
    uv = np.cross(xyz, v)
    return v + 2 * (q[..., :1] * uv + np.cross(xyz, uv))


def between(v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Shortest rotation (..., 4) from the direction of v0 (..., 3) to that of v1 (..., 3).

    For opposite vectors the axis is not unique; one perpendicular to v0 is chosen. Zero vectors give the identity.
    """
    v0, v1 = np.broadcast_arrays(np.asarray(v0, dtype=np.float64), np.asarray(v1, dtype=np.float64))
    w = np.sqrt((v0**2).sum(-1) * (v1**2).sum(-1)) + (v0 * v1).sum(-1)
    q = np.concatenate([w[..., None], np.cross(v0, v1)], axis=-1)
    norm = np.linalg.norm(q, axis=-1, keepdims=True)
    scale = np.sqrt((v0**2).sum(-1, keepdims=True) * (v1**2).sum(-1, keepdims=True))
    degenerate = (norm <= 1e-9 * np.maximum(scale, 1e-300))[..., 0]
    if degenerate.any():
        along_x = np.abs(v0[..., :1]) >= 0.9 * np.linalg.norm(v0, axis=-1, keepdims=True)
        helper = np.where(along_x, [0, 1.0, 0], [1.0, 0, 0])
        axis = np.cross(v0, helper)
        length = np.linalg.norm(axis, axis=-1, keepdims=True)
        half_turn = np.concatenate([np.zeros_like(length), axis / np.where(length == 0, 1, length)], axis=-1)
        half_turn = np.where(length == 0, [1.0, 0, 0, 0], half_turn)
        q = np.where(degenerate[..., None], half_turn, q)
        norm = np.linalg.norm(q, axis=-1, keepdims=True)
    return q / norm


def about(axis: str, angle: np.ndarray) -> np.ndarray:
    """Rotation (..., 4) by ``angle`` (...) radians about one coordinate axis, "X", "Y" or "Z"."""
    angle = np.asarray(angle, dtype=np.float64)
    q = np.zeros((*angle.shape, 4))
    q[..., 0] = np.cos(angle / 2)
    q[..., 1 + _AXIS[axis]] = np.sin(angle / 2)
    return q


def from_axis_angle(vector: np.ndarray) -> np.ndarray:
    """Rotation vectors (..., 3), axis times radians (the poses of SMPL), to quaternions (..., 4)."""
    vector = np.asarray(vector, dtype=np.float64)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    # np.sinc(x) is sin(pi x) / (pi x): smooth through zero.
    return np.concatenate([np.cos(angle / 2), vector * 0.5 * np.sinc(angle / (2 * np.pi))], axis=-1)


def to_axis_angle(q: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) to rotation vectors (..., 3), axis times radians, of at most half a turn."""
    q = np.asarray(q, dtype=np.float64)
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine < 1e-9, 2.0, angle / np.maximum(sine, 1e-9))


def from_euler(angles: np.ndarray, order: str) -> np.ndarray:
    """Intrinsic Euler angles (..., len(order)) in radians to quaternions (..., 4)."""
    angles = np.asarray(angles, dtype=np.float64)
    q = about(order[0], angles[..., 0])
    for i, axis in enumerate(order[1:], start=1):
        q = multiply(q, about(axis, angles[..., i]))
    return q


def to_euler(q: np.ndarray, order: str) -> np.ndarray:
    """Quaternions (..., 4) to intrinsic Tait-Bryan angles (..., 3) in radians, for an order of three different axes.

    The middle angle lies in [-pi/2, pi/2]. At its ends (gimbal lock) the last angle is set to zero.
    """
    matrix = to_matrix(q)
    i, j, k = (_AXIS[axis] for axis in order)
    parity = 1.0 if (j - i) % 3 == 1 else -1.0
    # R = Ri(a) Rj(b) Rk(c): R[i, k] = parity * sin(b), and the other two angles follow from its row and column.
    middle = np.arcsin(np.clip(parity * matrix[..., i, k], -1, 1))
    locked = np.abs(matrix[..., i, k]) > 1 - 1e-12
    first = np.where(
        locked,
        np.arctan2(parity * matrix[..., k, j], matrix[..., j, j]),
        np.arctan2(-parity * matrix[..., j, k], matrix[..., k, k]),
    )
    last = np.where(locked, 0.0, np.arctan2(-parity * matrix[..., i, j], matrix[..., i, i]))
    return np.stack([first, middle, last], axis=-1)


def to_matrix(q: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) to rotation matrices (..., 3, 3) acting on column vectors."""
    w, x, y, z = np.moveaxis(np.asarray(q), -1, 0)
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], axis=-1),
            np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], axis=-1),
            np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=-1),
        ],
        axis=-2,
    )


def from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) to unit quaternions (..., 4) with w >= 0."""
    m = np.asarray(matrix, dtype=np.float64)
    m00, m11, m22 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Four candidates, each accurate where its own component is large (Shepperd 1978); the best conditioned one wins.
    squares = np.stack([1 + m00 + m11 + m22, 1 + m00 - m11 - m22, 1 - m00 + m11 - m22, 1 - m00 - m11 + m22], axis=-1)
    a, b, c = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    d, e, f = m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2]
    candidates = np.stack(
        [
            np.stack([squares[..., 0], a, b, c], axis=-1),
            np.stack([a, squares[..., 1], d, e], axis=-1),
            np.stack([b, d, squares[..., 2], f], axis=-1),
            np.stack([c, e, f, squares[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    best = squares.argmax(-1)[..., None, None]
    q = np.take_along_axis(candidates, np.broadcast_to(best, (*best.shape[:-1], 4)), axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.where(q[..., :1] < 0, -q, q)


def to_sixd(q: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4) to the 6D form (..., 6) of Zhou et al. 2019: first column, then second column."""
    matrix = to_matrix(q)
    return np.concatenate([matrix[..., :, 0], matrix[..., :, 1]], axis=-1)


def from_sixd(sixd: np.ndarray) -> np.ndarray:
    """6D rotations (..., 6) to unit quaternions (..., 4) by Gram-Schmidt: x = a, z = x cross b, y = z cross x."""
    a, b = np.asarray(sixd, dtype=np.float64)[..., :3], np.asarray(sixd, dtype=np.float64)[..., 3:]
    x = a / np.linalg.norm(a, axis=-1, keepdims=True)
    z = np.cross(x, b)
    z = z / np.linalg.norm(z, axis=-1, keepdims=True)
    return from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))


def slerp(q0: np.ndarray, q1: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Spherical interpolation along the shorter arc; ``t`` (...) runs from 0 (q0) to 1 (q1), q0 and q1 are (..., 4)."""
    q0, q1 = np.asarray(q0, dtype=np.float64), np.asarray(q1, dtype=np.float64)
    t = np.asarray(t, dtype=np.float64)[..., None]
    dot = (q0 * q1).sum(-1, keepdims=True)
    q1 = np.where(dot < 0, -q1, q1)
    angle = np.arccos(np.clip(np.abs(dot), -1, 1))
    near = angle < 1e-6
    sine = np.where(near, 1, np.sin(angle))
    a = np.where(near, 1 - t, np.sin((1 - t) * angle) / sine)
    b = np.where(near, t, np.sin(t * angle) / sine)
    q = a * q0 + b * q1
    return q / np.linalg.norm(q, axis=-1, keepdims=True)
