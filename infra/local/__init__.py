"""The local run: MiniStack, the front door, and a real WordPress."""
