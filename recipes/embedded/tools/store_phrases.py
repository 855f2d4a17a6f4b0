"""Write src/motiongpt/generation/phrase_vectors.safetensors: the vectors of all phrases of the table of actions.

    python recipes/embedded/tools/store_phrases.py

Run it again after a change of the phrases in src/motiongpt/text/actions.yaml or of the text encoder of the embedded
model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from motiongpt.files import atomic_path
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.prototypes import VECTORS, Prototypes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("src/motiongpt/generation") / VECTORS)
    arguments = parser.parse_args()
    matcher = MotionGPT.from_pretrained().matcher
    assert matcher is not None
    prototypes = Prototypes(matcher.sentence_encoder)
    vectors = prototypes.encode_phrases()
    scale = np.float32(np.abs(vectors).max() / 127)
    tensors = {
        "vectors": np.round(vectors / scale).astype(np.int8),
        "scale": np.array([scale]),
        "digest": np.frombuffer(bytes.fromhex(prototypes.digest), dtype=np.uint8),
    }
    with atomic_path(arguments.output) as temporary:
        save_file(tensors, temporary)
    print(f"{len(vectors)} phrases, {arguments.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
