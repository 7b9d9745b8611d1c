#!/usr/bin/env python3
"""Draws what a command printed as a picture of a terminal.

    churn score --as-of 2026-06-01 | docs/list_svg.py "churn score --as-of 2026-06-01" > docs/list.svg


Of a long output the first rows of the list are shown, as many as end within HEAD lines. Standard library only.
"""

import re
import sys
from html import escape

HEAD = 38
# Browsers do not keep spaces any more because `xml:space` says so.
NO_BREAK = "\u00a0"
SIZE = 13.0  # font size
CELL = 7.83  # width of a character at that size
LEAD = 17.0  # distance between lines
PAD = 18.0
INK, DIM, PROMPT, GROUND = "#d7dae0", "#6b7280", "#8bd49c", "#16181d"


def is_rule(line):
    return bool(line.strip()) and set(line) <= set(" ─═")


def rows(command, output):
    lines = [line.rstrip() for line in output.splitlines()]
    if len(lines) > HEAD:
        begins = [at for at, line in enumerate(lines[:HEAD]) if re.match(r" +\d+ ", line)]
        lines = lines[:max(begins, default=HEAD)] + ["  …"]
    yield PROMPT, f"$ {command}"
    for line in lines:
        yield (DIM if is_rule(line) or line == "  …" else INK), line


def main():
    content = list(rows(sys.argv[1], sys.stdin.read()))
    width = 2 * PAD + CELL * max(len(line) for _, line in content)
    height = 2 * PAD + LEAD * len(content)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
          f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="An at-risk list in a terminal">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>')
    print(f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}">')
    for number, (colour, line) in enumerate(content):
        if line:
            # The stated length keeps columns aligned, whichever monospaced font the reader has.
            print(f'<text x="{PAD}" y="{PAD + LEAD * (number + 0.8):.1f}" fill="{colour}" '
                  f'textLength="{CELL * len(line):.1f}" lengthAdjust="spacingAndGlyphs">{escape(line).replace(" ", NO_BREAK)}</text>')
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
