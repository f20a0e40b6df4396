"""The directory: people, apps, resources, and the file that describes them."""
