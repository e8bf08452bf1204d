"""Synthetic uploads: any number of documents of a product, for any number of enterprises, the same for the same seed.

Documents fit their product, numbers have right check digits, and no two documents are equal. Everything in them is made
up: names say 示例, organisation codes begin with YX.
"""

from creditchain.sample.sampling import Sample, SampleError
from creditchain.sample.writing import FORMS, Form, form_of, write_sample

__all__ = ["FORMS", "Form", "Sample", "SampleError", "form_of", "write_sample"]
