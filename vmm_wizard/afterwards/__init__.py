"""What an admin does after an install: each thing done, open or unknown by the facts, with the commands to paste."""
