"""Command line and composition root."""


def main() -> None:
    """Run the command line."""
