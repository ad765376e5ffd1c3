"""The central processing service."""
