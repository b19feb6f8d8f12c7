"""What the daemon tells the world besides its log: figures for Prometheus, hooks, a line a day, whether it drifts."""
