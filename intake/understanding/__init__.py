"""What a resident's words ask for: plain text in, values out, nothing else touched."""
