"""Language models over words and motion tokens: networks, tokenizers, prompts, and decoding under a grammar."""
