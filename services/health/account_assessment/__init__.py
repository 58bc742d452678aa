"""What an account's stored rows and records say about it, at a midnight: from signature to what comes next."""
