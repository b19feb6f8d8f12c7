"""Fitting a model to its owner's pictures with numpy alone, without TensorFlow."""
