"""`imgwatch setup --web`: the first setup, in a browser."""
