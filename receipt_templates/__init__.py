"""What is printed and shown, per locale."""

from receipt_templates.render import render

__all__ = ["render"]
