"""Paper: the only package that imports the QR encoder and the PDF library.

``codes`` makes matrices, ``layouts`` holds sheet geometry as data, ``label`` composes one label, ``sheet``, ``png``,
``svg``, ``zpl`` and ``tspl`` draw it, ``readback`` and ``dots_readback`` read what was drawn with another reader.
"""
