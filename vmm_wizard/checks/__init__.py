"""What is wrong: pure functions from a plan and facts to findings."""
