"""The wizard as questions and answers, one line at a time: for serial consoles, screen readers and logs."""
