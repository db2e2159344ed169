"""The wizard without a terminal: pages, answers, what follows what. Both its faces, `tui` and `plain`, show this."""
