"""Networks over words and motion tokens in one vocabulary, and decoding under a grammar."""
