"""Verifies a package step by step: `brownie run verify_report`, or `python scripts/verify_report.py`.

See `tools.walkthrough` for what the environment may name.
"""

from tools.walkthrough import walkthrough


def main() -> None:
    with walkthrough() as steps:
        steps.verify_report()


if __name__ == "__main__":
    main()
