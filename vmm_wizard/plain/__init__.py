"""The wizard as questions and answers, a line at a time: for serial consoles, screen readers and logs."""
