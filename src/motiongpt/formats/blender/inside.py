"""A script that runs inside Blender, without this package: ``inside.py job.json`` does one task and reports the end.

Blender has Z up. Its glTF and FBX add-ons convert between the axes, so that (x, y, z) in Blender is (x, z, -y) outside.
Written for Blender 4.2 and later.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found,import-untyped,unused-ignore]
import numpy as np
from mathutils import Matrix, Vector  # type: ignore[import-not-found,import-untyped,unused-ignore]


class Refused(Exception):
    """The task cannot be done; the text tells the user why."""


def _report(text: str) -> None:
    print(f"motiongpt: {text}", flush=True)


def _start(fps: float) -> Any:
    """An empty scene with this frame rate."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.save_version = 0  # no .blend1 beside what is saved
    scene = bpy.context.scene
    scene.render.fps = max(round(fps), 1)
    scene.render.fps_base = scene.render.fps / fps
    return scene


def _import_glb(path: str, fps: float, frames: int) -> Any:
    """The armature of a GLB file, whose clips become actions; the first one is active."""
    scene = _start(fps)
    bpy.ops.import_scene.gltf(filepath=path, bone_heuristic="TEMPERANCE")
    # The add-on adds a shape as which it draws bones.
    for thing in [one for one in bpy.data.objects if one.name.startswith("Icosphere")]:
        bpy.data.objects.remove(thing)
    scene.frame_start, scene.frame_end = 0, max(frames - 1, 0)
    scene.frame_set(0)
    armature = next(one for one in scene.objects if one.type == "ARMATURE")
    armature.name = armature.data.name = "Armature"
    return armature


def save_blend(glb: str, fps: float, frames: int, output: str) -> None:
    """Convert GLB to .blend, ready to play."""
    _import_glb(glb, fps, frames)
    bpy.ops.wm.save_as_mainfile(filepath=output, check_existing=False, compress=True)


def save_fbx(glb: str, fps: float, frames: int, output: str) -> None:
    """Convert GLB to binary FBX: metres, Y up, a take per clip, no extra bones at the tips."""
    _import_glb(glb, fps, frames)
    bpy.ops.export_scene.fbx(
        filepath=output,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim=True,
        bake_anim_use_all_bones=True,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=True,
        bake_anim_force_startend_keying=True,
        bake_anim_simplify_factor=0.0,
        apply_scale_options="FBX_SCALE_ALL",
        mesh_smooth_type="FACE",
    )


def _outside(point: list[float]) -> Vector:
    """A point or direction outside (Y up) in Blender's axes (Z up)."""
    return Vector((point[0], -point[2], point[1]))


def _nodes(material: Any) -> tuple[Any, Any]:
    material.use_nodes = True
    return material.node_tree.nodes, material.node_tree.links


def _paint(material: Any, colour: list[float] | None = None) -> None:
    """Give a material a satin surface with a soft edge; ``colour`` (linear RGB) replaces its colour."""
    nodes, _ = _nodes(material)
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    if colour is not None:
        surface.inputs["Base Color"].default_value = (*colour, 1.0)
    surface.inputs["Roughness"].default_value = 0.42
    for name, value in (("Sheen Weight", 0.15), ("Coat Weight", 0.12), ("Coat Roughness", 0.3)):
        if name in surface.inputs:
            surface.inputs[name].default_value = value


def _ground(height: float, centre: Vector, reach: float) -> None:
    """Add a pale floor with lines one metre apart, which fades into the sky beyond ``reach`` metres from ``centre``."""
    bpy.ops.mesh.primitive_plane_add(size=400.0, location=(0.0, 0.0, height))
    plane = bpy.context.object
    plane.name = "Ground"
    material = bpy.data.materials.new("ground")
    nodes, links = _nodes(material)
    nodes.clear()

    def node(kind: str, **values: Any) -> Any:
        new = nodes.new(kind)
        for name, value in values.items():
            setattr(new, name, value)
        return new

    place = node("ShaderNodeNewGeometry")
    axes = node("ShaderNodeSeparateXYZ")
    links.new(place.outputs["Position"], axes.inputs[0])
    lines = []
    for axis in ("X", "Y"):
        # Distance from the nearest whole metre.
        near = node("ShaderNodeMath", operation="PINGPONG")
        links.new(axes.outputs[axis], near.inputs[0])
        near.inputs[1].default_value = 0.5
        line = node("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
        links.new(near.outputs[0], line.inputs["Value"])
        for name, value in (("From Min", 0.006), ("From Max", 0.016), ("To Min", 1.0), ("To Max", 0.0)):
            line.inputs[name].default_value = value
        lines.append(line)
    either = node("ShaderNodeMath", operation="MAXIMUM")
    for i, line in enumerate(lines):
        links.new(line.outputs[0], either.inputs[i])
    tint = node("ShaderNodeMix", data_type="RGBA")
    links.new(either.outputs[0], tint.inputs["Factor"])
    colours = [entry for entry in tint.inputs if entry.type == "RGBA"]
    colours[0].default_value = (0.42, 0.45, 0.49, 1.0)
    colours[1].default_value = (0.25, 0.28, 0.32, 1.0)
    surface = node("ShaderNodeBsdfPrincipled")
    surface.inputs["Roughness"].default_value = 0.7
    links.new(next(out for out in tint.outputs if out.type == "RGBA"), surface.inputs["Base Color"])
    away = node("ShaderNodeVectorMath", operation="DISTANCE")
    links.new(place.outputs["Position"], away.inputs[0])
    away.inputs[1].default_value = (centre.x, centre.y, height)
    fade = node("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
    links.new(away.outputs["Value"], fade.inputs["Value"])
    fade.inputs["From Min"].default_value = reach
    fade.inputs["From Max"].default_value = reach * 3.5
    clear = node("ShaderNodeBsdfTransparent")
    mix = node("ShaderNodeMixShader")
    links.new(fade.outputs[0], mix.inputs[0])
    links.new(surface.outputs[0], mix.inputs[1])
    links.new(clear.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], node("ShaderNodeOutputMaterial").inputs["Surface"])
    plane.data.materials.append(material)


def _light(azimuth: float) -> None:
    """Add a warm key light beside the camera, a cool fill light, a rim light from behind, and a bright sky.

    ``azimuth`` is the direction towards the camera in radians, from +Z to +X outside.
    """
    for name, turn, height, strength, angle, colour in (
        ("Key", -42, 48, 3.0, 9, (1.0, 0.94, 0.86)),
        ("Fill", 58, 25, 0.7, 40, (0.80, 0.88, 1.0)),
        ("Rim", 165, 38, 1.8, 12, (1.0, 1.0, 1.0)),
    ):
        data = bpy.data.lights.new(name, "SUN")
        data.energy, data.angle, data.color = strength, math.radians(angle), colour
        sun = bpy.data.objects.new(name, data)
        around, up = azimuth + math.radians(turn), math.radians(height)
        towards = _outside([math.sin(around) * math.cos(up), math.sin(up), math.cos(around) * math.cos(up)])
        sun.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
        bpy.context.collection.objects.link(sun)
    world = bpy.data.worlds.new("World")
    bpy.context.scene.world = world
    world.use_nodes = True
    sky = world.node_tree.nodes["Background"]
    sky.inputs["Color"].default_value = (0.86, 0.90, 0.95, 1.0)
    sky.inputs["Strength"].default_value = 0.55


def _camera(scene: Any, view: dict[str, Any]) -> None:
    """Add the camera, with keys if it moves. ``view``: rotation rows right, up, forward; focal in pixels; positions."""
    data = bpy.data.cameras.new("Camera")
    data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
    data.lens = 36.0 * view["focal"] / scene.render.resolution_x
    data.clip_end = 1000.0
    camera = bpy.data.objects.new("Camera", data)
    bpy.context.collection.objects.link(camera)
    right, up, forward = (_outside(row) for row in view["rotation"])
    camera.rotation_mode = "QUATERNION"
    turn = Matrix((right, up, -forward)).transposed()
    camera.rotation_quaternion = turn.to_quaternion()
    for frame, place in enumerate(view["positions"]):
        camera.location = _outside(place)
        if len(view["positions"]) > 1:
            camera.keyframe_insert("location", frame=frame)
    scene.camera = camera


def _freeze(armature: Any, poses: list[dict[str, Any]]) -> None:
    """Replace the body by copies at some of its frames, each moved and in its own colour."""
    scene = bpy.context.scene
    body = next(one for one in armature.children_recursive if one.type == "MESH")
    for pose in poses:
        scene.frame_set(pose["frame"])
        graph = bpy.context.evaluated_depsgraph_get()
        evaluated = body.evaluated_get(graph)
        mesh = bpy.data.meshes.new_from_object(evaluated, preserve_all_data_layers=True, depsgraph=graph)
        copy = bpy.data.objects.new(f"Frame {pose['frame']}", mesh)
        copy.matrix_world = Matrix.Translation(_outside(pose["move"])) @ evaluated.matrix_world
        bpy.context.collection.objects.link(copy)
        for slot, material in enumerate(mesh.materials):
            own = material.copy()
            # Parts of the body keep their relative lightness.
            own_colour = next(n for n in own.node_tree.nodes if n.type == "BSDF_PRINCIPLED").inputs["Base Color"]
            lightness = max(own_colour.default_value[:3]) / max(
                max(m.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value[:3])
                for m in body.data.materials
            )
            _paint(own, [value * (0.45 + 0.55 * lightness) for value in pose["colour"]])
            mesh.materials[slot] = own
    for thing in (body, armature):
        thing.hide_render = thing.hide_viewport = True


def render(
    glb: str,
    fps: float,
    frames: int,
    output: str,
    size: list[int],
    samples: int,
    view: dict[str, Any],
    ground: float,
    centre: list[float],
    reach: float,
    frame: int | None,
    poses: list[dict[str, Any]],
    blend: str | None,
) -> None:
    """Draw a GLB by Cycles on the CPU: a picture (.png) of one frame or of several poses, or a video (.mp4).

    Args:
        frame: number of the frame; None draws the video, or ``poses``.
        poses: frame, move (in metres outside) and colour of each pose of a sequence.
        blend: path at which the scene is saved, too.
    """
    armature = _import_glb(glb, fps, frames)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 4
    scene.render.use_persistent_data = True
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_settings.exposure = 0.05
    for material in bpy.data.materials:
        _paint(material)
    if poses:
        _freeze(armature, poses)
    _camera(scene, view)
    back = view["rotation"][2]
    _light(math.atan2(-back[0], -back[2]))
    _ground(ground, _outside(centre), reach)
    scene.frame_set(frame or 0)
    scene.render.filepath = output
    settings = scene.render.image_settings
    if output.endswith(".mp4"):
        if hasattr(settings, "media_type"):  # Blender 5
            settings.media_type = "VIDEO"
        settings.file_format = "FFMPEG"
        scene.render.ffmpeg.format = "MPEG4"
        scene.render.ffmpeg.codec = "H264"
        scene.render.ffmpeg.constant_rate_factor = "HIGH"
        scene.render.ffmpeg.gopsize = scene.render.fps
    else:
        settings.file_format = "PNG"
        settings.color_mode = "RGB"
    if blend is not None:
        bpy.ops.wm.save_as_mainfile(filepath=blend, check_existing=False, compress=True)
    bpy.app.handlers.render_post.append(lambda *_: _report("frame"))
    if output.endswith(".mp4"):
        bpy.ops.render.render(animation=True)
    else:
        bpy.ops.render.render(write_still=True)


def _open(path: str) -> None:
    """Open a .blend, without its scripts, or import an .fbx into an empty scene."""
    if path.lower().endswith(".fbx"):
        _start(30.0)
        bpy.ops.import_scene.fbx(filepath=path, automatic_bone_orientation=False, use_anim=True)
    else:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)


def save_character(path: str, output: str) -> None:
    """Convert a character to GLB, with its animations."""
    _open(path)
    if not any(one.type == "ARMATURE" for one in bpy.context.scene.objects):
        raise Refused("there is no armature, so there is no skeleton that could move.")
    bpy.ops.export_scene.gltf(filepath=output, export_format="GLB", export_yup=True, export_animation_mode="ACTIONS")


def read(path: str, output: str) -> None:
    """Save an .npz of where the bones of a file's armature begin, and its last ones end, at every frame."""
    _open(path)
    scene = bpy.context.scene
    armatures = [one for one in scene.objects if one.type == "ARMATURE"]
    if not armatures:
        raise Refused("there is no armature, so there is no skeleton that could move.")
    armature = max(armatures, key=lambda one: len(one.data.bones))
    action = armature.animation_data and armature.animation_data.action
    if action is None:
        raise Refused(f"its armature {armature.name!r} has no animation.")
    first, last = (round(frame) for frame in action.frame_range)
    bones = list(armature.pose.bones)
    names = [bone.name for bone in bones]
    parents = [names.index(bone.parent.name) if bone.parent else -1 for bone in bones]
    ends = [i for i, bone in enumerate(bones) if not bone.children]
    places = np.empty((last - first + 1, len(bones) + len(ends), 3))
    for row, frame in enumerate(range(first, last + 1)):
        scene.frame_set(frame)
        world = armature.matrix_world
        for i, bone in enumerate(bones):
            places[row, i] = world @ bone.head
        for i, bone in enumerate(ends, start=len(bones)):
            places[row, i] = world @ bones[bone].tail
    rest = np.array([armature.matrix_world @ bone.bone.head_local for bone in bones])
    scale = scene.unit_settings.scale_length if scene.unit_settings.system != "NONE" else 1.0
    np.savez(
        output,
        names=np.array(names + [f"{names[i]} end" for i in ends]),
        parents=np.array(parents + ends),
        places=places[..., [0, 2, 1]] * [1, 1, -1] * scale,
        rest=rest[:, [0, 2, 1]] * [1, 1, -1] * scale,
        fps=scene.render.fps / scene.render.fps_base,
    )


def main(arguments: list[str]) -> int:
    """Do the task of the job file, which is the last argument."""
    job = json.loads(Path(arguments[-1]).read_text(encoding="utf-8"))
    try:
        globals()[job["task"]](**job["options"])
    except Refused as refusal:
        _report(f"refused: {refusal}")
        return 0
    except RuntimeError as error:  # raised by operators that fail
        _report("refused: Blender reports " + " ".join(str(error).split()).rstrip(".") + ".")
        return 0
    _report("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
