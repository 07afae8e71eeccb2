"""A todo list that is live in every browser: the first flow to read."""
