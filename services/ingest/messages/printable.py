"""Text that need not be Unicode: topics, and reasons that quote them."""


def printable(text: str) -> str:
    """`text`, with half a surrogate pair, which nobody can store, as it is printed: a backslash and its number."""
    return text.encode(errors="backslashreplace").decode()
