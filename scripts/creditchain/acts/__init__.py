"""The things that people do with this software, one module for each.

An act checks everything before it does what cannot be undone, returns values and prints nothing.
"""
