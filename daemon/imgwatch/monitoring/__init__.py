"""What the daemon reports besides its log: metrics for Prometheus, a hook, messages, a daily digest, drift."""
