"""Text to numbers: the sentence encoder, the FAISS index and late-interaction scores. Knows nothing of articles."""
