"""What makes Articles of content, a module or a few for each kind; `qa.extract` calls them, `qa.formats` says which.

HTML           bounds, body (tree, opinions, captions), chrome, flags; metadata (markup, bylines, published, dates)
text           plaintext (outline, dumps)
PDF            pdf (pdflines, pdfrunning, pdftables)
DOCX, EPUB     docx, epub (archive, whole)
MHTML          mhtml
"""
