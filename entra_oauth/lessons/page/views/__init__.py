"""What is seen of a scene, as HTML: one file for each part of a page."""
