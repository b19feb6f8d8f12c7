"""Fits a model to its owner's pictures and decisions with numpy alone: no TensorFlow here."""
