"""`imgwatch setup --web`: the questions of a first setting up, in a browser."""
