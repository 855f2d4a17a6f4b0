"""English by rules: captions, requests, clauses, paraphrases, numbers. Needs no network and no torch."""
