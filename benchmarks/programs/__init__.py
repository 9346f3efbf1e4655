"""What the measurements run in processes of their own."""
