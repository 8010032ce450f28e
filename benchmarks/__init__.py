"""What is claimed about accuracy, speed and memory, measured side by side."""
