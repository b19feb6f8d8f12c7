"""Files into arrays, guarded: formats, decoding, and the worker processes that do it."""
