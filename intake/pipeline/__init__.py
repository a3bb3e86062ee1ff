"""The jobs that take a request from its recording to the resident's answer. Start with `steps`."""
