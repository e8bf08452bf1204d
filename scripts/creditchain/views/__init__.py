"""Views: a report as people read it, as values. Terminal, HTML, PDF and services show the same one. No I/O."""
