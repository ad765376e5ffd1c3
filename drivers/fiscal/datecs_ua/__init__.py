"""Datecs FP-700 and relatives with Ukrainian firmware (also sold as Exellio): ISL frames."""
