"""What people do, one module an act.

An act checks everything before it does what cannot be undone, returns values and prints nothing.
"""
