"""A chat with a language model: its answer grows word by word for everybody, who see each other type and react, too."""
