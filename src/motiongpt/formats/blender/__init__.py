"""What Blender does for this package: FBX and .blend files, and pictures of film quality.

:mod:`~motiongpt.formats.blender.process` starts Blender, :mod:`~motiongpt.formats.blender.inside` is the script that
runs in it and the one module here that imports ``bpy``; what goes in is a GLB file.
"""
