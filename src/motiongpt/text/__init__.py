"""English by rules: requests, captions, clauses, actions, paraphrases, numbers. Needs no network and no PyTorch."""
