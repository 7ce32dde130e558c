# The documents' command lines: of blocks, with what comments above a block say of it, and of text.
#
#   <!-- not run: needs a board -->   its lines are held against the definitions alone; why is printed
#   <!-- needs: engine opencv -->     run where that is here: engine NAME, program NAME, fuse
#   <!-- before: COMMAND -->          run first, and not shown to the reader: what the lines need
#   <!-- status: 2 -->                how every line of the block ends (0)
#   <!-- file: clocks.toml -->        the block is this file, which the page's lines find
#
# A block is fenced or indented by four spaces. In ```sh every line is a command; elsewhere what stands
# behind "$ ", or, where the block begins with a command of ours, every line.
import dataclasses
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHELLS = ("sh", "bash", "shell")
OURS = re.compile(r"(isojouled?( |$)|sudo |\./|tools/|build/|cmake |bench/|mkdir |cd )")


@dataclasses.dataclass
class Block:
    page: str
    line: int  # of its first line
    language: str
    lines: list
    not_run: str = ""
    needs: list = dataclasses.field(default_factory=list)
    before: list = dataclasses.field(default_factory=list)
    status: int = 0
    file: str = ""

    # [(line number, command)]; a command may go on over lines.
    def commands(self):
        if self.file:
            return []
        lines = list(enumerate(self.lines, self.line))
        if self.language not in SHELLS:
            if any(text.startswith("$ ") for _, text in lines):
                return prompted(lines)
            first = next((text for _, text in lines if text.strip()), "")
            # "isojoule: begin load" is a mark that a program prints.
            if self.language or not OURS.match(first):
                return []
        return joined(lines)


def is_whole(text):
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return not text.endswith("\\")


def joined(lines):
    found, begin, text = [], 0, ""
    for number, line in lines:
        if not text and found and re.match(r"\s+\[", line):  # a synopsis goes on
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
            continue
        begin = begin if text else number
        text = f"{text}\n{line}" if text else line
        if is_whole(text):
            if text.strip() and not text.lstrip().startswith("#"):
                found.append((begin, text.strip()))
            text = ""
    if text.strip():
        found.append((begin, text.strip()))
    return found


# Of a session: what is typed, and not what is answered.
def prompted(lines):
    found, text = [], ""
    for number, line in lines:
        if not text and not line.startswith("$ "):
            continue
        begin, text = (begin, f"{text}\n{line}") if text else (number, line[2:])
        if is_whole(text):
            found.append((begin, text))
            text = ""
    return found


def pages():
    return sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def name_of(page):
    return str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else str(page)


def take_comment(text, pending):
    kind, _, value = text.partition(":")
    value = value.strip()
    if kind == "not run":
        pending["not_run"] = value or "no reason is given"
    elif kind == "needs":
        pending.setdefault("needs", []).append(value)
    elif kind == "before":
        pending.setdefault("before", []).append(value)
    elif kind == "file":
        pending["file"] = value
    elif kind == "status":
        pending["status"] = int(value)


def blocks(page):
    text = page.read_text().splitlines()
    found, pending, at, in_list = [], {}, 0, False
    while at < len(text):
        line = text[at]
        comment = re.match(r"\s*<!--\s*(.*?)\s*-->\s*$", line)
        fence = re.match(r"(\s*)```(\S*)\s*$", line)
        if comment:
            take_comment(comment.group(1), pending)
        elif fence:
            indent, language, begin = len(fence.group(1)), fence.group(2), at + 1
            at += 1
            while at < len(text) and text[at].strip() != "```":
                at += 1
            inner = [row[indent:] if row[:indent].isspace() else row for row in text[begin:at]]
            found.append(Block(name_of(page), begin + 1, language, inner, **pending))
            pending = {}
        elif line.startswith("    ") and (at == 0 or not text[at - 1].strip()) and not in_list:
            begin = at
            while at < len(text) and (text[at].startswith("    ") or not text[at].strip()):
                at += 1
            found.append(Block(name_of(page), begin + 1, "", [row[4:] for row in text[begin:at]], **pending))
            pending = {}
            continue
        elif line.strip():
            pending = {}
            in_list = bool(re.match(r"([-*]|\d+\.) ", line)) or (in_list and line.startswith(" "))
        at += 1
    return found


# [(line number, text)] of `isojoule ...` within sentences and tables.
def spans(page):
    text = page.read_text()
    hidden = re.sub(r"(?ms)^ *```.*?^ *```[ \t]*$", lambda block: "\n" * block.group(0).count("\n"), text)
    found = []
    for span in re.finditer(r"(?<!`)`([^`]+)`(?!`)", hidden):
        words = " ".join(span.group(1).split())
        if words.startswith("isojoule "):
            found.append((hidden.count("\n", 0, span.start()) + 1, words.replace("\\|", "|")))
    return found
