"""Words and motion tokens in one vocabulary: prompts, text tokenizer, language model, decoding."""
