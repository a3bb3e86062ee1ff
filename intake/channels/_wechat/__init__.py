"""What the WeChat channel is made of: checking, reading, fetching, sending within limits."""
