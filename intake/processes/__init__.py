"""The processes of an installation: the embedded PostgreSQL and the supervisor."""
