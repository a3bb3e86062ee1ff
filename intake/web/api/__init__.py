"""The HTTP API of operators, backends and the assistant."""
