"""The pages and the API that a resident sees."""
