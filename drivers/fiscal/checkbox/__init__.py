"""Checkbox, a software registrar (ПРРО) over REST: ids first, a durable queue, offline numbers."""
