"""What is kept: the database, the recordings, the job queue and the mail spool."""
