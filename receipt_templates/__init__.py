"""What is printed and shown, per locale."""

from receipt_templates.render import render
from receipt_templates.slip import refused_words, render_addition, render_slip

__all__ = ["refused_words", "render", "render_addition", "render_slip"]
