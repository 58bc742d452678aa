"""Health: what machines do and how they wear, what that is worth to customers, and what deserves an alert."""
