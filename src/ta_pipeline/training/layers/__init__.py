"""The model's own layers, computed faster: the same function, held to the plain one by tests."""
