"""Motions and sentences in one embedding space: similarity of the two, and text-to-motion search in folders."""
