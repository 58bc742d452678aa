"""The services. They meet only in the database and never import each other."""
