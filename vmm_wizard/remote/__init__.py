"""How to talk to a node."""
