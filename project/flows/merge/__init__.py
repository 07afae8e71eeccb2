"""Work in parallel that is merged by counting: each part raises one counter, a trigger sees the last of them."""
