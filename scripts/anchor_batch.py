"""Anchors one batch: `brownie run anchor_batch`, or `python scripts/anchor_batch.py`.

See `creditchain.walkthrough` for what the environment may name.
"""

from creditchain.walkthrough import walkthrough


def main() -> None:
    with walkthrough() as steps:
        steps.anchor_batch()


if __name__ == "__main__":
    main()
