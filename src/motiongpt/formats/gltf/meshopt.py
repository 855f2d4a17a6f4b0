"""Buffer views compressed by meshoptimizer, as ``gltfpack -c`` and ``gltf-transform meshopt`` write them.

Format: EXT_meshopt_compression (attribute codec version 0) and KHR_meshopt_compression (versions 0 and 1), Khronos
Group: mode ATTRIBUTES, which holds all animation data, without a filter or with QUATERNION or EXPONENTIAL.
"""

from __future__ import annotations

import numpy as np

_GROUP = 16
# Bits of a byte for each of the four codes in a header, by version and control code.
_BITS_V0, _BITS_V1 = (0, 2, 4, 8), ((0, 1, 2, 4), (1, 2, 4, 8))


class _Bytes:
    """Compressed bytes and the place where they are read."""

    def __init__(self, data: bytes, end: int) -> None:
        self.data, self.at, self.end = np.frombuffer(data, dtype=np.uint8), 0, end

    def take(self, count: int) -> np.ndarray:
        if self.at + count > self.end:
            raise ValueError("the data ends too early")
        self.at += count
        return self.data[self.at - count : self.at]


def _group(source: _Bytes, bits: int) -> np.ndarray:
    """Sixteen bytes: each has ``bits`` bits, and all bits set stand for a byte that follows the group."""
    if bits == 0:
        return np.zeros(_GROUP, dtype=np.uint8)
    if bits == 8:
        return source.take(_GROUP)
    # Single bits begin with the lowest of a byte, wider values with the highest ones.
    single = np.unpackbits(source.take(_GROUP * bits // 8), bitorder="little" if bits == 1 else "big")
    values = single.reshape(_GROUP, bits) @ (1 << np.arange(bits)[::-1])
    escaped = values == (1 << bits) - 1
    result = values.astype(np.uint8)
    result[escaped] = source.take(int(escaped.sum()))
    return result


def _channel(source: _Bytes, count: int, widths: tuple[int, ...]) -> np.ndarray:
    """One byte of each of ``count`` elements."""
    groups = -(-count // _GROUP)
    header = source.take(-(-groups // 4))
    return np.concatenate([_group(source, widths[header[g // 4] >> (g % 4 * 2) & 3]) for g in range(groups)])[:count]


def _undo_deltas(stored: np.ndarray, last: np.ndarray, kind: int) -> np.ndarray:
    """Four bytes of each element (count, 4) from their differences (count, 4) to the element before."""
    if kind & 3 == 3:
        raise ValueError("an unknown kind of channel")
    if kind & 3 == 2:
        words = np.ascontiguousarray(stored).view("<u4")[:, 0]
        turn = np.uint32(kind >> 4 & 31)
        words = words >> turn | words << (np.uint32(32) - turn) % np.uint32(32)
        before = np.ascontiguousarray(last).view("<u4")
        return np.bitwise_xor.accumulate(np.concatenate([before, words]))[1:, None].view(np.uint8)
    dtype = np.dtype("<u2") if kind & 3 else np.dtype(np.uint8)
    values = np.ascontiguousarray(stored).view(dtype)
    half = values >> dtype.type(1)
    deltas = np.where(values & dtype.type(1), ~half, half)
    start = np.ascontiguousarray(last).view(dtype)[None]
    return np.cumsum(np.concatenate([start, deltas]), axis=0, dtype=dtype)[1:].view(np.uint8)


def _attributes(data: bytes, count: int, stride: int) -> np.ndarray:
    """(count, stride) bytes."""
    if not data or data[0] & 0xF0 != 0xA0 or data[0] & 0x0F > 1:
        raise ValueError("an unknown version of the codec")
    version = data[0] & 0x0F
    tail = stride + (stride // 4 if version else 0)
    source = _Bytes(data, len(data) - max(tail, 24 if version else 32))
    source.take(1)
    end = np.frombuffer(data, dtype=np.uint8)[len(data) - tail :]
    last, kinds = end[:stride], end[stride:] if version else np.zeros(stride // 4, dtype=np.uint8)
    result = np.empty((count, stride), dtype=np.uint8)
    size = min(8192 // stride // _GROUP * _GROUP, 256)
    for first in range(0, count, size):
        block = result[first : first + size]
        control = source.take(stride // 4) if version else np.zeros(stride // 4, dtype=np.uint8)
        for k in range(0, stride, 4):
            for j in range(4):
                code = int(control[k // 4]) >> (2 * j) & 3
                if code == 3:
                    block[:, k + j] = source.take(len(block))
                elif code == 2:
                    block[:, k + j] = 0
                else:
                    block[:, k + j] = _channel(source, len(block), _BITS_V1[code] if version else _BITS_V0)
            block[:, k : k + 4] = _undo_deltas(block[:, k : k + 4], last[k : k + 4], int(kinds[k // 4]))
        last = block[-1]
    if source.at != source.end:
        raise ValueError("the data ends too late")
    return result


def _quaternions(data: np.ndarray) -> np.ndarray:
    """The filter QUATERNION: three components as shares of the scale in the fourth, the largest one left out."""
    stored = data.view("<i2").astype(np.int64)
    scale = (stored[:, 3:] | 3) * np.sqrt(2)
    small = stored[:, :3] / scale
    largest = np.sqrt(np.maximum(1 - (small**2).sum(axis=1, keepdims=True), 0))
    values = np.concatenate([largest, small], axis=1)
    order = (stored[:, 3:] & 3) + np.arange(4) & 3
    result = np.empty((len(data), 4), dtype="<i2")
    np.put_along_axis(result, order, (np.trunc(values * 32767 + np.copysign(0.5, values))).astype("<i2"), axis=1)
    return result


def _exponential(data: np.ndarray) -> np.ndarray:
    """The filter EXPONENTIAL: a signed mantissa of 24 bits below a signed exponent of 8."""
    stored = np.ascontiguousarray(data).view("<i4")
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp((stored << 8 >> 8).astype(np.float64), stored >> 24).astype("<f4")


def decode(data: bytes, count: int, stride: int, mode: str, kind: str = "NONE") -> bytes:
    """The bytes that a compressed buffer view stands for.

    Args:
        data: the compressed bytes.
        count: number of elements.
        stride: bytes of an element, a multiple of 4 up to 256.
        mode: "ATTRIBUTES"; the others hold triangles.
        kind: the filter, "NONE", "QUATERNION" or "EXPONENTIAL".

    Returns:
        count * stride bytes.

    Raises:
        ValueError: damaged data, another mode or filter.
    """
    if mode != "ATTRIBUTES" or kind not in ("NONE", "QUATERNION", "EXPONENTIAL"):
        raise ValueError(f"mode {mode} with filter {kind}")
    if stride % 4 or not 0 < stride <= 256 or (kind == "QUATERNION" and stride != 8):
        raise ValueError(f"elements of {stride} bytes")
    # The least that any element can take: one control byte for four bytes of 256 elements.
    if count > 256 * max(len(data), 1):
        raise ValueError(f"{count} elements in {len(data)} bytes")
    result = _attributes(data, count, stride)
    if kind == "QUATERNION":
        return _quaternions(result).tobytes()
    return (_exponential(result) if kind == "EXPONENTIAL" else result).tobytes()
