"""Parts of the glTF 2.0 reader: the document with its data, samplers, the figure of a clip, and compressed data.

Format: glTF 2.0 (Khronos Group, ISO/IEC 12113:2022) with VRM 0.x, VRM 1.0 and VRM Animation (VRM Consortium).
"""
