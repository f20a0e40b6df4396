"""Two requests compared on five layers, and the captured references."""
