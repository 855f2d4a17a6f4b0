"""Putting a motion on a character of another make.

The rotations of the motion's joints (:func:`motiongpt.bodies.posing.fit_pose`) turn the aligned rest pose of the
character (:mod:`motiongpt.bodies.alignment`). All of this happens at the size of the motion, in which the character's
legs are as long as the performer's, so that steps fit the legs:

* Thighs, shins, upper arms and forearms point where those of the performer do. The spine's turn is spread over the
  spine bones that there are; neck, head, clavicles and feet turn as the performer's, from where they are at rest.
* The hips follow the path of the performer's hips, raised or lowered so that soles stand on the floor.
* While a foot of the performer is planted, the character's moves over the floor as that one does, and at the height
  that it has on its sole. The body follows what both feet have in common; knees bend (two-bone inverse kinematics).
* Arms stay out of the trunk where the performer's do (:mod:`motiongpt.bodies.clearance`).
* The twist of upper arms and thighs is shared over the bones that lie along them.

All other bones, such as fingers and faces, stay as they are at rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from motiongpt.bodies import clearance
from motiongpt.bodies.alignment import LIMBS, Alignment, align
from motiongpt.bodies.animation import Animation, animate
from motiongpt.bodies.character import ARM, LEG, SIDES, Character, unit
from motiongpt.bodies.posing import Pose, fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.cleanup import FADE, bridge, foot_correction, place_feet
from motiongpt.motion.contacts import REST_HEIGHTS, planted, support
from motiongpt.motion.filters import gaussian
from motiongpt.motion.measures import floor_height
from motiongpt.motion.motion import Motion
from motiongpt.motion.placement import forward_direction
from motiongpt.motion.skeleton import HUMANML3D

ROOT_MOTIONS = ("hips", "root-bone", "in-place")
_INDEX = {name: i for i, name in enumerate(HUMANML3D.joints)}
_SPINE = ("pelvis", "spine1", "spine2", "spine3")
# Seconds over which the path and heading of the root are smoothed: the hips sway within a step, the root does not.
_ROOT_SECONDS = 0.25
# Seconds over which a heading is smoothed that wide hips keep.
_STEADY_SECONDS = 0.75
# Metres by which a planted foot may be moved over the floor.
_MAX_CORRECTION = 1.5
# Seconds over which the height of the body follows that of the planted feet.
_SETTLE = 0.1
# Metres that the height of a foot may be off.
_UNSURE = 0.005
# Radians by which feet are tipped.
_TIP = np.radians(25)
# Frames with a flat foot that tell how high its joints are above the floor.
_FLAT_FRAMES = 5


@dataclass(frozen=True)
class Fidelity:
    """How close a character comes to a motion. Lengths are in metres of the motion, whose legs are as long.

    Attributes:
        name: of the motion.
        directions: limb -> mean angle in degrees between its bone and the performer's, both sides together.
        slide, source_slide: mean speed over the floor (m/s) of planted feet, of the character and of the performer.
        reach: greatest distance by which a leg is too short to have its foot where it should be.
    """

    name: str
    directions: dict[str, float]
    slide: float
    source_slide: float
    reach: float

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON has it, rounded."""
        return {
            "direction_degrees": {limb: round(angle, 2) for limb, angle in self.directions.items()},
            "slide": round(self.slide, 4),
            "source_slide": round(self.source_slide, 4),
            "reach": round(self.reach, 4),
        }

    @property
    def text(self) -> str:
        """One line."""
        angles = ", ".join(f"{limb} {angle:.1f}" for limb, angle in self.directions.items())
        return (
            f"directions off by {angles} degrees on average; planted feet slide {100 * self.slide:.1f} cm/s "
            f"({100 * self.source_slide:.1f} in the motion); legs too short by {100 * self.reach:.1f} cm at most"
        )


def retarget(motion: Motion, character: Character, *, root_motion: str = "hips") -> tuple[Animation, Fidelity]:
    """Put a motion on a character.

    Args:
        motion: (T, 22, 3) HumanML3D joints, metres, Y up; its frame rate and place are kept. The motion's +Z becomes
            the direction in which the character faces at rest.
        character: the character.
        root_motion: what moves through the world: "hips" (three.js, Mixamo, Unity Humanoid), "root-bone" (Unreal; Godot
            with its root motion track), or "in-place", where nothing does.

    Returns:
        The animation and how close it is.

    Raises:
        MotionGPTError: another skeleton than HumanML3D's, an unknown ``root_motion``, or no bone above the hips that
            could be the root.
    """
    if root_motion not in ROOT_MOTIONS:
        raise MotionGPTError(f"The root motion must be one of {', '.join(ROOT_MOTIONS)}, not {root_motion!r}.")
    if root_motion == "root-bone" and character.root < 0:
        raise MotionGPTError(
            f"{character.name}: there is no bone above the hips that could carry the root motion; take 'hips'."
        )
    solver = _Solver(motion, character)
    solver.plant_feet()
    solver.clear_arms()
    return solver.animation(root_motion), solver.fidelity()


class _Solver:
    """The world rotations and places of a character's bones, at the size of the motion and facing +Z at rest.

    Attributes:
        joints: (T, 22, 3) of the performer.
        turned: bone -> (T, 4) rotation in the world relative to the rest pose, of the bones that are driven.
        base: (T, 3) place of the base.
    """

    def __init__(self, motion: Motion, character: Character) -> None:
        self.motion, self.character = motion, character
        self.joints = motion.joints.astype(np.float64)
        self.pose: Pose = fit_pose(motion)
        self.alignment: Alignment = align(character, self.pose.offsets)
        self.world = self.pose.world()
        self.floor = floor_height(self.joints)
        self._flat = self._flat_heights()
        self.turned: dict[int, np.ndarray] = {}
        self._drive_trunk()
        self._drive_limbs()
        self._order = self._needed()
        self.base = np.zeros((len(motion), 3))
        at = self.forward()
        self.base = self._hips() - (at[self._bone("left_hip")] + at[self._bone("right_hip")]) / 2
        self.reach = 0.0

    @property
    def _name(self) -> str:
        return self.motion.name or self.motion.text

    def _bone(self, joint: str) -> int:
        return self.character.joints[joint]

    def _turn(self, joint: str, alignment: np.ndarray) -> np.ndarray:
        """(T, 4) of a joint of the performer, for a bone with this alignment."""
        return rotations.multiply(self.world[:, _INDEX[joint]], alignment)

    # --- rotations ---

    def _drive_trunk(self) -> None:
        """Pelvis, spine, neck, head and clavicles."""
        character, turns = self.character, self.alignment.turns
        line = [self.world[:, _INDEX[joint]] for joint in _SPINE]
        hips = self._hips_turned()
        self.turned[character.base] = hips
        count = len(character.trunk)
        for i, bone in enumerate(character.trunk, start=1):
            way = 3 * i / count
            low = min(int(way), 2)
            turn = rotations.slerp(line[low], line[low + 1], way - low)
            rest = rotations.slerp(turns["pelvis"], turns["chest"], i / count)
            self.turned[bone] = rotations.multiply(turn, rest)
        self.turned[self._bone("pelvis")] = hips
        chest = self._turn("spine3", turns["chest"]) if count else hips
        *necks, head = character.neck or [-1]
        carried = self._turn("neck", turns["chest"])
        for i, bone in enumerate(necks, start=1):
            self.turned[bone] = rotations.slerp(chest, carried, i / len(necks))
        if head >= 0:
            self.turned[head] = self._turn("head", turns["head"])
        for side in SIDES:
            if f"{side}_collar" in character.joints:
                self.turned[self._bone(f"{side}_collar")] = self._turn(f"{side}_collar", turns["chest"])

    def _hips_turned(self) -> np.ndarray:
        """(T, 4) of the hips. Wide hips turn and tilt less than the performer's, so that the legs move as far."""
        turn = self._turn("pelvis", self.alignment.turns["pelvis"])
        at = self.alignment
        width = np.linalg.norm(at.at(self.character, "left_hip") - at.at(self.character, "right_hip"))
        offsets = self.pose.offsets
        own = np.linalg.norm(offsets[_INDEX["left_hip"]] - offsets[_INDEX["right_hip"]])
        across = rotations.rotate(turn, np.array([1.0, 0.0, 0.0]))
        _, heading = self._root(_STEADY_SECONDS)
        steady = rotations.rotate(heading, np.array([1.0, 0.0, 0.0]))
        back = rotations.between(across, steady)
        share = 1 - min(1.0, float(own / max(width, 1e-9)))
        return rotations.multiply(rotations.slerp(np.tile([1.0, 0.0, 0.0, 0.0], (len(turn), 1)), back, share), turn)

    def _drive_limbs(self) -> None:
        """Legs and arms, in the directions of the performer's."""
        for upper, (lower, end, _) in LIMBS.items():
            for joint, after in ((upper, lower), (lower, end)):
                turn = self._turn(joint, self.alignment.turns[joint])
                self.turned[self._bone(joint)] = turn
                if after in self.character.joints:
                    way = self.joints[:, _INDEX[after]] - self.joints[:, _INDEX[joint]]
                    self.aim(joint, after, way)
        for side in SIDES:
            self.turned[self._bone(f"{side}_ankle")] = self._turn(
                f"{side}_ankle", self.alignment.turns[f"{side}_ankle"]
            )

    def aim(self, joint: str, after: str, way: np.ndarray) -> None:
        """Turn the bone of a joint the shortest way so that the next joint lies in a direction (T, 3)."""
        bone = self._bone(joint)
        at_rest = self.alignment.at(self.character, after) - self.alignment.at(self.character, joint)
        now = rotations.rotate(self.turned[bone], at_rest)
        self.turned[bone] = rotations.multiply(rotations.between(now, way), self.turned[bone])

    # --- places ---

    def _needed(self) -> list[int]:
        """The driven bones, the joints, and all bones above them, parents first."""
        wanted: set[int] = set()
        for bone in {*self.turned, *self.character.joints.values()}:
            wanted.update(self.character.path(bone))
        return sorted(wanted)

    def forward(self) -> dict[int, np.ndarray]:
        """Bone -> (T, 3) place."""
        character, rest = self.character, self.alignment.places
        count = len(self.motion)
        still = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
        carriers = self._carriers()
        world: dict[int, np.ndarray] = {}
        at: dict[int, np.ndarray] = {}
        waiting = list(self._order)
        while waiting:
            bone = waiting.pop(0)
            parent = character.parents[bone]
            above = carriers.get(bone, parent)
            if above >= 0 and above not in at:
                waiting.append(bone)
                continue
            world[bone] = self.turned.get(bone, world[parent] if parent >= 0 else still)
            if bone == character.base:
                at[bone] = self.base
            elif above < 0:
                at[bone] = np.tile(rest[bone], (count, 1))
            else:
                at[bone] = at[above] + rotations.rotate(world[above], rest[bone] - rest[above])
        return at

    def _carriers(self) -> dict[int, int]:
        """Joints of a limb that hang elsewhere in the file, such as feet that are targets: joint -> the one before."""
        result = {}
        for side in SIDES:
            for limb in (LEG, ARM):
                bones = [self.character.joints.get(f"{side}_{part}", -1) for part in limb]
                for bone, after in pairwise(bones):
                    if after >= 0 and bone not in self.character.path(after):
                        result[after] = bone
        return result

    def _hips(self) -> np.ndarray:
        """(T, 3) middle of the hips: the performer's, so much higher that the soles are on the floor."""
        hips = (self.joints[:, _INDEX["left_hip"]] + self.joints[:, _INDEX["right_hip"]]) / 2
        raised = np.mean([self._height(side)[0] for side in SIDES]) - self._flat[0]
        sole = self.character.sole / self.alignment.scale
        # A character that does not stand over the origin of its file moves from where it stands.
        origin = (
            self.alignment.places[self.character.path(self.character.base)[0]]
            if self.character.parents[self.character.base] >= 0
            else np.zeros(3)
        )
        return hips + np.array([origin[0], sole + raised - self.floor, origin[2]])

    def _height(self, side: str) -> np.ndarray:
        """(2,) height of ankle and ball of the foot over the sole at rest."""
        sole = self.character.sole / self.alignment.scale
        ankle = self.alignment.at(self.character, f"{side}_ankle")[1] - sole
        toe = f"{side}_foot"
        return np.array(
            [ankle, self.alignment.at(self.character, toe)[1] - sole if toe in self.character.joints else 0.2 * ankle]
        )

    def _flat_heights(self) -> np.ndarray:
        """(2,) how high ankles and balls of the performer's feet are over the floor while a foot is flat."""
        on = planted(self.joints, self.motion.fps).reshape(-1, 2, 2)
        flat = on.all(axis=-1)
        if flat.sum() < _FLAT_FRAMES:
            return REST_HEIGHTS[:2]
        heights = self.joints[:, [*HUMANML3D.left_foot, *HUMANML3D.right_foot], 1].reshape(-1, 2, 2)
        return np.asarray(np.median(heights[flat], axis=0)) - self.floor

    # --- feet ---

    def _feet(self, at: dict[int, np.ndarray]) -> np.ndarray:
        """(T, 2, 2, 3) ankle and ball of the left and of the right foot."""
        feet = []
        for side in SIDES:
            ankle = self._bone(f"{side}_ankle")
            toe = self.character.joints.get(f"{side}_foot")
            if toe is not None:
                ball = at[toe]
            else:
                rest = np.array([0.0, self._height(side)[1] - self._height(side)[0], 0.15])
                ball = at[ankle] + rotations.rotate(self.turned[ankle], rest)
            feet.append(np.stack([at[ankle], ball], axis=1))
        return np.stack(feet, axis=1)

    def plant_feet(self) -> None:
        """Let planted feet move as the performer's do, and keep all feet out of the floor."""
        on = planted(self.joints, self.motion.fps)
        weights = ((support(self.joints, self.motion.fps) + 1e-3) * on).reshape(-1, 2, 2)
        self._level_feet(weights)
        # The body follows the feet that carry it, then the knees make good what is left.
        for last in (False, False, True):
            at = self.forward()
            feet = self._feet(at)
            moves = [self._correction(i, feet, weights) for i in range(len(SIDES))]
            if last:
                self._follow(at, feet, moves)
            else:
                total = weights.sum(axis=-1)[..., None]
                shift = (np.stack(moves, axis=1) * total).sum(axis=1) / np.maximum(total.sum(axis=1), 1e-9)
                bridge(shift, total[..., 0].sum(axis=1) > 0, self._fade)
                self.base = self.base + gaussian(shift, _SETTLE * self.motion.fps)

    @property
    def _fade(self) -> int:
        """Frames over which the correction of a foot fades."""
        return max(round(FADE * self.motion.fps), 1)

    def _level_feet(self, weights: np.ndarray) -> None:
        """Tip the feet on the floor so that their soles are level across, and heel and ball raised as far as the
        performer's.

        Ankles are higher in one foot than in another, and the joints of a performer do not tell how a foot tilts.
        """
        near = np.minimum(gaussian(weights.max(axis=-1), _SETTLE * self.motion.fps), 1)
        for i, side in enumerate(SIDES):
            ankle, at = self._bone(f"{side}_ankle"), self.forward()
            ahead = (self._feet(at)[:, i, 1] - self._feet(at)[:, i, 0]) * [1, 0, 1]
            up = rotations.rotate(self.turned[ankle], np.array([0.0, 1.0, 0.0]))
            across = unit(np.cross([0.0, 1.0, 0.0], ahead))
            tilt = np.arctan2((up * across).sum(axis=-1), np.maximum(up[:, 1], 0.2))
            self._tip(ankle, unit(ahead), np.clip(tilt, -_TIP, _TIP) * near[:, i])
            feet = self._feet(self.forward())
            heights, _ = self._heights(feet)
            way = feet[:, i, 1] - feet[:, i, 0]
            length = np.linalg.norm(way, axis=-1)
            lower = heights[:, i, 1] - heights[:, i, 0]
            slopes = [np.arcsin(np.clip(y / length, -1, 1)) for y in (way[:, 1], way[:, 1] + lower)]
            self._tip(ankle, -across, np.clip(slopes[1] - slopes[0], -_TIP, _TIP) * near[:, i])

    def _tip(self, bone: int, axis: np.ndarray, angle: np.ndarray) -> None:
        """Turn a bone about an axis (T, 3) of the world by an angle (T,)."""
        turn = rotations.from_axis_angle(axis * angle[:, None])
        self.turned[bone] = rotations.multiply(turn, self.turned[bone])

    def _correction(self, i: int, feet: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(T, 3) by which a foot must be moved; 0 for the left one, 1 for the right one."""
        fps, side = self.motion.fps, SIDES[i]
        source = self.joints[:, [_INDEX[f"{side}_ankle"], _INDEX[f"{side}_foot"]]]
        free = np.zeros(len(self.motion), dtype=bool)
        move = foot_correction(feet[:, i] - source, weights[:, i], free, self._fade, _MAX_CORRECTION)
        heights, lowest = self._heights(feet)
        total = weights[:, i].sum(axis=-1)
        lift = np.zeros_like(move)
        missing = (heights[:, i] * weights[:, i]).sum(axis=-1) / np.maximum(total, 1e-9)
        # The heights of a performer's joints are not known that well.
        lift[:, 1] = np.sign(missing) * np.maximum(np.abs(missing) - _UNSURE, 0)
        bridge(lift, total > 0, self._fade)
        # A foot in the air may only be as deep in the floor as the performer's.
        sunk = np.maximum((lowest[:, i] - lift[:, 1:2]).max(axis=-1) - _UNSURE, 0) * (total == 0)
        lift[:, 1] += np.maximum(gaussian(sunk, _SETTLE * fps), sunk)
        return move * [1, 0, 1] + lift

    def _heights(self, feet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, 2, 2) metres by which ankle and ball of each foot should be higher, to be as high over where they are on
        a flat foot as the performer's, and at least, not to be deeper in the floor than the performer's."""
        sole = self.character.sole / self.alignment.scale
        own = np.array([self._height(side) for side in SIDES])
        source = self.joints[:, [*HUMANML3D.left_foot, *HUMANML3D.right_foot], 1].reshape(-1, 2, 2)
        above = source - self.floor - self._flat
        return sole + own + above - feet[..., 1], sole + own + np.minimum(above, 0) - feet[..., 1]

    def _follow(self, at: dict[int, np.ndarray], feet: np.ndarray, moves: list[np.ndarray]) -> None:
        """Move the feet (T, 2, 2, 3) by corrections (T, 3), and body and knees with them."""
        body = self.joints.copy()
        for i, side in enumerate(SIDES):
            for part in ("hip", "knee"):
                body[:, _INDEX[f"{side}_{part}"]] = at[self._bone(f"{side}_{part}")]
            body[:, [_INDEX[f"{side}_ankle"], _INDEX[f"{side}_foot"]]] = feet[:, i]
        placed = place_feet(body, moves, self.motion.fps)
        hip = _INDEX["left_hip"]
        self.base = self.base + placed[:, hip] - body[:, hip]
        for i, side in enumerate(SIDES):
            hip, knee, ankle = (_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
            self.aim(f"{side}_hip", f"{side}_knee", placed[:, knee] - placed[:, hip])
            self.aim(f"{side}_knee", f"{side}_ankle", placed[:, ankle] - placed[:, knee])
            missed = np.linalg.norm(placed[:, ankle] - feet[:, i, 0] - moves[i], axis=-1)
            self.reach = max(self.reach, float(missed.max()))

    # --- arms ---

    def clear_arms(self) -> None:
        """Keep the forearms out of the trunk, as far as the performer's are."""
        trunk, own = self._outline(), clearance.performer(self.pose.offsets)
        if trunk is None or own is None:
            return
        at = self.forward()
        places = {joint: at[bone] for joint, bone in self.character.joints.items()}
        source = {joint: self.joints[:, i] for joint, i in _INDEX.items()}
        frames = [
            clearance.frame(*((body[f"left_{part}"], body[f"right_{part}"]) for part in ("hip", "shoulder")))
            for body in (places, source)
        ]
        for side in SIDES:
            joints = [f"{side}_{part}" for part in ARM]
            if joints[-1] not in places:
                continue
            points = clearance.forearm(source[joints[1]], source[joints[2]])
            wanted = clearance.wanted_radius(points, frames[1], own)
            arm = (places[joints[0]], places[joints[1]], places[joints[2]])
            elbow, wrist = clearance.clear(arm, frames[0], trunk, wanted, self.motion.fps)
            self.aim(joints[0], joints[1], elbow - arm[0])
            self.aim(joints[1], joints[2], wrist - elbow)

    def _outline(self) -> clearance.Trunk | None:
        """The trunk of the character at rest; None without a mesh."""
        character, skin, rest = self.character, self.character.skin, self.alignment.places
        if skin is None:
            return None
        vertices = rotations.rotate(self.alignment.heading, skin.vertices) / self.alignment.scale
        at = {joint: rest[bone] for joint, bone in character.joints.items()}
        top = character.joints.get("neck", character.trunk[-1] if character.trunk else character.base)
        bones = {*character.path(top), *character.trunk, character.base} - {character.joints.get("neck", -1)}
        frame = clearance.frame(*((at[f"left_{part}"], at[f"right_{part}"]) for part in ("hip", "shoulder")))
        own = np.isin(skin.bones, list(bones))
        return clearance.outline(frame, vertices, skin.faces[own[skin.faces].sum(axis=1) >= 2])

    # --- results ---

    def _share_twists(self) -> dict[int, np.ndarray]:
        """The rotations of all driven bones, with the twist of thighs and upper arms shared."""
        turned = dict(self.turned)
        for upper, (lower, _, _) in LIMBS.items():
            bone, end = self._bone(upper), self._bone(lower)
            along = self.character.twists(bone, end)
            chain = self.character.between(bone, end) or []
            chain = [one for one in chain if not self.character.deforming or one in self.character.deforming]
            if not along and not chain:
                continue
            parent = self.character.parents[bone]
            while parent >= 0 and parent not in self.turned:
                parent = self.character.parents[parent]
            start = self.turned[parent]
            axis = unit(self.alignment.at(self.character, lower) - self.alignment.at(self.character, upper))
            local = rotations.multiply(rotations.conjugate(start), self.turned[bone])
            twist = np.unwrap(2 * np.arctan2(local[:, 1:] @ axis, local[:, 0]))
            shares = {**along, **{one: (i + 1) / (len(chain) + 1) for i, one in enumerate([bone, *chain])}}
            for one, share in shares.items():
                back = rotations.from_axis_angle(axis * ((share - 1) * twist)[:, None])
                turned[one] = rotations.multiply(self.turned[bone], back)
        return turned

    def _root(self, seconds: float = _ROOT_SECONDS) -> tuple[np.ndarray, np.ndarray]:
        """The place (T, 3) of the root relative to where it is at rest, and its turn (T, 4): the smoothed path of the
        hips over the ground and the heading."""
        width = seconds * self.motion.fps
        hips = (self.joints[:, _INDEX["left_hip"]] + self.joints[:, _INDEX["right_hip"]]) / 2
        path = gaussian(hips * np.array([1.0, 0.0, 1.0]), width)
        facing = forward_direction(self.joints)
        angle = gaussian(np.unwrap(np.arctan2(facing[:, 0], facing[:, 2])), width)
        return path, rotations.about("Y", angle)

    def animation(self, root_motion: str) -> Animation:
        """The animation in the coordinates of the file."""
        character = self.character
        turned = self._share_twists()
        path, heading = self._root()
        moved: dict[int, np.ndarray] = {}
        shift = np.zeros_like(path)
        if root_motion == "in-place":
            shift = -path
        elif root_motion == "root-bone":
            turned[character.root] = heading
            moved[character.root] = self.alignment.places[character.root] + path
        at = self.forward()
        carriers = self._carriers()
        for bone in (character.base, *carriers):
            moved[bone] = at[bone] + shift
        back = rotations.conjugate(self.alignment.heading)
        # From the motion's frame and size to the character's.
        turned = {
            bone: rotations.multiply(rotations.multiply(back, turn), self.alignment.heading)
            for bone, turn in turned.items()
        }
        moved = {bone: rotations.rotate(back, place) * self.alignment.scale for bone, place in moved.items()}
        return animate(character, turned, moved, self._name, self.motion.fps)

    def fidelity(self) -> Fidelity:
        """Compare with the performer."""
        at, angles = self.forward(), {}
        names = {"shoulder": "upper arm", "elbow": "forearm", "hip": "thigh", "knee": "shin"}
        for part, name in names.items():
            found = []
            for side in SIDES:
                joint = f"{side}_{part}"
                after = (
                    LIMBS[joint][0]
                    if joint in LIMBS
                    else next(end for lower, end, _ in LIMBS.values() if lower == joint)
                )
                if after in self.character.joints:
                    way = at[self._bone(after)] - at[self._bone(joint)]
                    source = self.joints[:, _INDEX[after]] - self.joints[:, _INDEX[joint]]
                    found.append(np.degrees(np.arccos(np.clip((unit(way) * unit(source)).sum(-1), -1, 1))))
            if found:
                angles[name] = float(np.mean(found))
        on = planted(self.joints, self.motion.fps).reshape(-1, 2, 2)
        source = self.joints[:, [*HUMANML3D.left_foot, *HUMANML3D.right_foot]].reshape(-1, 2, 2, 3)
        slides = [_slide(feet, on, self.motion.fps) for feet in (self._feet(at), source)]
        return Fidelity(self._name, angles, slides[0], slides[1], self.reach)


def _slide(feet: np.ndarray, on: np.ndarray, fps: float) -> float:
    """Mean speed over the floor (m/s) of planted feet, of which the slower joint counts, as feet roll and pivot.

    Args:
        feet: (T, 2, 2, 3) ankle and ball of each foot.
        on: (T, 2, 2) where they are planted.
        fps: frames a second.
    """
    both = on[1:] & on[:-1]
    speed = np.linalg.norm(np.diff(feet, axis=0)[..., [0, 2]], axis=-1) * fps
    slower = np.where(both, speed, np.inf).min(axis=-1)
    return float(slower[np.isfinite(slower)].mean()) if both.any() else 0.0
