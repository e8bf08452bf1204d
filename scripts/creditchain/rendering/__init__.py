"""Views as files: HTML and PDF, and the package that a PDF carries. Needs the extra `creditchain[report]`."""
