"""Verify a package step by step: `brownie run verify_report`, or `python scripts/verify_report.py`.

`tools.walkthrough` describes the environment variables.
"""

from tools.walkthrough import walkthrough


def main() -> None:
    with walkthrough() as steps:
        steps.verify_report()


if __name__ == "__main__":
    main()
