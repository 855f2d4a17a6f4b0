"""Verdicts on joints (T, 22, 3), metres, Y up, 20 fps: does a motion show what a sentence says?

A check is [name, {arguments}]. An event returns intervals of frames; its check holds when it occurs at least n times
(argument n, 1 by default), exactly (exact), at most (max) or over a share of the clip (share). A predicate judges the
whole clip. Combinators: seq (one after the other), same (at the same time), any, all, not, begin and end (an event
that is there at the start, or lasts to the end).
"""

from __future__ import annotations

import arm_events
import body_events
import numpy as np
import qualities
from signals import EVENTS, FPS, PREDICATES, Body

# The modules of checks register themselves: an import that nothing else names.
MODULES = (arm_events, body_events, qualities)
COMBINATORS = ("seq", "same", "any", "all", "not", "begin", "end")
# Events whose argument n is their own: one interval has n repetitions.
COUNTED_INSIDE = ("wave", "twist", "sway", "rock", "march", "trot", "zigzagpath", "nod", "flap", "handsosc")


def occurs(body, condition):
    """Intervals of an event, without the arguments that say how often."""
    name, arguments = condition[0], dict(condition[1]) if len(condition) > 1 else {}
    for key in ("n", "exact", "share", "max"):
        if key in arguments and not (name in COUNTED_INSIDE and key == "n"):
            arguments.pop(key)
    return EVENTS[name](body, **arguments)


def _listed(part):
    """The checks of one part of a sequence: one check, or a list of checks that hold together."""
    return part if isinstance(part[0], list) else [part]


def _sequence(body, parts):
    """One part after the other, each in the shortest stretch in which it holds; the last until the end."""
    start = 0
    for number, part in enumerate(parts[:-1]):
        checks, following = _listed(part), _listed(parts[number + 1])
        rest = [check(body.sub(start, body.frames), c) for c in checks]
        for stop in range(start + 6, body.frames, 2):
            stretch = body.sub(start, stop)
            if all(check(stretch, c)[0] for c in checks):
                # The next part may begin while this one ends, unless they are of one kind.
                distinct = not {c[0] for c in checks} & {c[0] for c in following}
                start = max(start + 4, stop - 8) if distinct else stop
                break
        else:
            reasons = "; ".join(r[1] for r in rest)
            return False, f"part {number + 1} {checks[0][0]} not found from {start / FPS:.1f}s: {reasons}"
    checks = _listed(parts[-1])
    last = [check(body.sub(start, body.frames), c) for c in checks]
    if not all(r[0] for r in last):
        return False, f"after {start / FPS:.1f}s not {checks[0][0]}: {'; '.join(r[1] for r in last)}"
    return True, ""


def _together(body, events):
    """Two or three events at the same time."""
    intervals = [occurs(body, event) for event in events]
    for event, found in zip(events, intervals, strict=True):
        if not found:
            return False, f"no {event[0]}"
    best = 0
    for p in intervals[0]:
        for q in intervals[1]:
            overlap = min(p[1], q[1]) - max(p[0], q[0])
            if len(intervals) > 2:
                overlap = max(min(p[1], q[1], r[1]) - max(p[0], q[0], r[0]) for r in intervals[2])
            if overlap >= min(8, 0.6 * min(p[1] - p[0], q[1] - q[0])):
                return True, ""
            best = max(best, overlap)
    return False, f"not at the same time (overlap {best})"


def _counted(body, condition, arguments):
    """An event as often as its arguments say."""
    name, found = condition[0], occurs(body, condition)
    if "share" in arguments:
        share = sum(e - s for s, e in found) / body.frames
        return share >= arguments["share"], f"{name} {share:.2f} of the clip"
    if "exact" in arguments:
        return len(found) == arguments["exact"], f"{name} x{len(found)}"
    if "max" in arguments and len(found) > arguments["max"]:
        return False, f"{name} x{len(found)}"
    need = arguments.get("n", 1) if name not in COUNTED_INSIDE else 1
    return len(found) >= need, f"{name} x{len(found)}"


def check(body, condition):
    """Whether a check holds for a body, and what was measured."""
    name, arguments = condition[0], dict(condition[1]) if len(condition) > 1 else {}
    if body.frames < 4:
        return False, "too short"
    of = arguments.get("of")
    if name == "seq":
        return _sequence(body, of)
    if name == "same":
        return _together(body, of)
    if name in ("any", "all"):
        results = [check(body, c) for c in of]
        combine = any if name == "any" else all
        return combine(r[0] for r in results), " | ".join(r[1] for r in results)
    if name == "not":
        result = check(body, of)
        return not result[0], f"has {of[0]} {result[1]}"
    if name == "end":
        found = occurs(body, of)
        return bool(found) and found[-1][1] >= body.frames - 6, f"{of[0]} not at the end: {found[-1:]}"
    if name == "begin":
        found = occurs(body, of)
        return bool(found) and found[0][0] <= 10, f"{of[0]} not at the start: {found[:1]}"
    if name in EVENTS:
        return _counted(body, condition, arguments)
    holds, measured = PREDICATES[name](body, **arguments)
    return bool(holds), f"{name}: {measured}"


def judge(joints: np.ndarray, checks: list) -> tuple[bool, list[tuple[bool, str, str]]]:
    """Whether joints (T, 22, 3) pass all checks, and (holds, name, what was measured) of each."""
    body = Body(joints)
    results = []
    for condition in checks:
        try:
            holds, why = check(body, condition)
        except Exception as error:  # a bug of the judge must be visible, and must not end the measurement
            holds, why = False, f"JUDGE ERROR {type(error).__name__} {error}"
        results.append((bool(holds), condition[0], why))
    return all(r[0] for r in results), results
