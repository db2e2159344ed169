"""What Microsoft's setup eats and says: text in, text out."""
