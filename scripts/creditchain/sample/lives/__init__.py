"""The life of an enterprise as each product tells it: how many records, of which days, and what they say."""

from creditchain.sample.lives.life import ProductLife
from creditchain.sample.lives.shipped import life_of

__all__ = ["ProductLife", "life_of"]
