"""What a suite named beforehand is judged here, as a family of its own."""
