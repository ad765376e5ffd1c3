"""Promotion rules: vocabulary, compilation to an index, evaluation, explanation."""
