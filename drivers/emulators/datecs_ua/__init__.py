"""An emulated Datecs FP-700 with Ukrainian firmware: state, commands and paper."""
