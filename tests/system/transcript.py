"""A session on a page: what people type and what they are told.

    houston$ valija record --indicator IND-1 \\
        --date 2025-11-14
    7KT2L5MP-1

The lines are indented by four; a prompt "WHO$ " says who types, and a command that ends with
a backslash goes on in the next line.  What follows up to the next prompt, or the next line of
prose, is what was printed, on both outputs.

A name on the page that no two runs have in common (of a device, of a place in the journal, a
digest) stands for one name of the run, the same everywhere, and no other name does.  For a
time any other one stands.  All else is the same letter by letter.
"""

import re

PROMPT = re.compile(r"    ([a-z]+)\$ (.*)")
TIME = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b")
NAMES = re.compile(r"(?P<device>\b[A-Z2-7]{8}\b)|(?P<place>(?<=\d@)[0-9a-f]{8}\b)"
                   r"|(?P<digest>\b[0-9a-f]{64}\b)")


class Step:
    """A command and what it printed."""

    def __init__(self, who, command):
        self.who, self.command, self.printed = who, command, []


def steps(page):
    """Those of a page, in order."""
    found, at = [], None
    lines = iter(page.splitlines())
    for line in lines:
        prompt = PROMPT.fullmatch(line)
        if prompt:
            at = Step(*prompt.groups())
            found.append(at)
            while at.command.endswith("\\"):
                at.command = at.command[:-1] + next(lines).lstrip()
        elif at and (line.startswith("    ") or not line):
            at.printed.append(line[4:])
        else:
            at = None  # prose
    for step in found:
        while step.printed and not step.printed[-1]:
            step.printed.pop()
    return found


class Names:
    """Which name of the run each name of the page stands for."""

    def __init__(self, devices):
        self.devices = set(devices)  # those of the run: no other word is the name of one
        self.run_of, self.page_of = {}, {}

    def typed(self, command):
        """The command of the page as it is typed in the run."""
        return NAMES.sub(lambda m: self.run_of[m[0]], command)

    def stands_for(self, on_page, in_run):
        if on_page.lastgroup == "device" and in_run[0] not in self.devices:
            return False
        return (on_page.lastgroup == in_run.lastgroup and
                self.run_of.setdefault(on_page[0], in_run[0]) == in_run[0] and
                self.page_of.setdefault(in_run[0], on_page[0]) == on_page[0])

    def same(self, on_page, in_run):
        """Whether a line of the page is that line of the run."""
        texts = [TIME.sub("TIME", line) for line in (on_page, in_run)]
        names = [list(NAMES.finditer(text)) for text in texts]
        return (NAMES.sub("NAME", texts[0]) == NAMES.sub("NAME", texts[1]) and
                all(self.stands_for(*pair) for pair in zip(*names)))
