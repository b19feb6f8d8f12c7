"""What the user's decisions teach the model in use and the next training."""
