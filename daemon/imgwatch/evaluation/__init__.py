"""How good a model is, and how many false alarms its threshold raises, without TensorFlow."""
