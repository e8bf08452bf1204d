"""Synthetic uploads: made-up enterprises with one life each, and the documents of a product that tell of it.

An enterprise follows from the seed and its ordinal: in all products of a seed it has the same number, name, age, size
and fate, and its figures agree. The same seed gives the same bytes; no two documents are equal. Nothing is of a real
enterprise: organisation codes begin with YX, which no registry issues, names contain 示例 (sample), and the signs of
decisions and courts begin with 示.
"""

from creditchain.sample.sampling import DEFAULT_RECORDS, LAST_DAY, Sample, SampleError
from creditchain.sample.writing import FORMS, Form, form_of, write_sample

__all__ = ["DEFAULT_RECORDS", "FORMS", "LAST_DAY", "Form", "Sample", "SampleError", "form_of", "write_sample"]
