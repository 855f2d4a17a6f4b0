"""FBX and .blend files, and pictures by Cycles, all through Blender.

:mod:`~motiongpt.formats.blender.process` starts Blender. :mod:`~motiongpt.formats.blender.inside` is the script that
runs in it, and the only module that imports ``bpy``. Motions are passed to it as GLB files.
"""
