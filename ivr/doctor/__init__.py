"""What is wrong with an installation: found before somebody else finds it."""
