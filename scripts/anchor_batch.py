"""Anchor one batch: `brownie run anchor_batch`, or `python scripts/anchor_batch.py`.

`tools.walkthrough` describes the environment variables.
"""

from tools.walkthrough import walkthrough


def main() -> None:
    with walkthrough() as steps:
        steps.anchor_batch()


if __name__ == "__main__":
    main()
