"""From a trained function to a checked ONNX graph."""
