"""An emulated Shtrih-M: ENQ and pending answers on the wire, a fiscal printer behind it."""
