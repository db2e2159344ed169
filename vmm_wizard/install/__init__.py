"""Making it so: steps with a journal."""
