"""What the admin wants: values, no network."""
