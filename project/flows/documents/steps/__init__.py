"""What can be done with documents, and what follows when one changed."""
