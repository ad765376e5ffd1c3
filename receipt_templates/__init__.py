"""What is printed and shown, per locale."""
