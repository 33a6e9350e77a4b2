"""The stack of template.yaml on this machine: MiniStack, an emulated AWS, runs the image in Docker."""
