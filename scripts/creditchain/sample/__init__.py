"""Synthetic uploads: any number of documents of a product about any number of enterprises; same seed, same documents.

Documents fit their product, numbers have correct check digits, and no two documents are equal. All of it is made up:
names contain 示例 (sample), organisation codes begin with YX.
"""

from creditchain.sample.sampling import Sample, SampleError
from creditchain.sample.writing import FORMS, Form, form_of, write_sample

__all__ = ["FORMS", "Form", "Sample", "SampleError", "form_of", "write_sample"]
