"""Paper: the only package that imports the QR encoder and the PDF library.

``codes`` makes matrices, ``layouts`` holds sheet geometry as data, ``label`` composes one label, ``sheet``, ``png``
and ``svg`` draw it, ``readback`` reads what was drawn with another reader.
"""
