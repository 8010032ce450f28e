"""What the genre classification scripts share, one subject a module."""
