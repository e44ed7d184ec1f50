"""The commands of a page of docs/, as one script of bash.

A fenced block "```sh" holds what root types, "```sh NAME" what that user types. A word
in capitals that a comment of the page sets ("<!-- test: NAME=$(...) -->") stands for its
value. Other comments of that kind are commands too: what a person does without typing
(to hand a file over), or what must be true then.
"""

import re

HEAD = """set -eEu -o pipefail
trap 'echo "FAILED: $BASH_COMMAND" >&2' ERR
# what must be true
expect() { "$@" >/dev/null || { echo "EXPECTED: $*" >&2; exit 1; }; }
refuse() { if "$@" >/dev/null 2>&1; then echo "NOT EXPECTED: $*" >&2; exit 1; fi; }
until_true() {
	local n
	for ((n = 0; n < 300; n++)); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done
	echo "IN VAIN: $*" >&2; exit 1
}
"""


def script(text):
    out = [HEAD]
    names = set(re.findall(r"<!-- test: ([A-Z_]+)=", text))

    def filled(line):
        return re.sub(r"\b(%s)\b" % "|".join(names), r'"$\1"', line) if names else line

    blocks = re.compile(r"^ *```sh(?: ([a-z]+))?\n(.*?)^ *```$|<!-- test: (.*?) -->", re.M | re.S)
    for user, body, hidden in blocks.findall(text):
        if hidden:
            out.append(hidden)
            continue
        lines = [line.strip() for line in body.replace("\\\n", " ").splitlines()]
        for line in lines:
            if not line or line.startswith("#"):
                continue
            out.append("cat <<'END_OF_LINE'\n$ %s\nEND_OF_LINE" % line)
            if user:
                out.append("cat > /tmp/line <<'END_OF_LINE'\n%s\nEND_OF_LINE\n"
                           "runuser -u %s -- bash -eu /tmp/line" % (filled(line), user))
            else:
                out.append(filled(line))
    out.append("touch /root/done")
    return "\n".join(out) + "\n"
