"""How bytes become pixels: decoding within limits, orientation, resizing. Imports no torch."""
