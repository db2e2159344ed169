"""A check or a run told to a person or a program."""
