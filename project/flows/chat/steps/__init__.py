"""What can be said and asked, and how the model answers."""
