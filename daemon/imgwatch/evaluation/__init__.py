"""How good a model is, and what its threshold promises; needs no TensorFlow."""
