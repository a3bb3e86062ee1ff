"""Everything that is stored: the database, recordings, the job queue, the spool of messages."""
