# The program's own definitions (isojoule manual --format json), and a look at whether a command line
# keeps to them. Lenient where documents leave something open: "...", FILE.study, [--option].
import json
import subprocess

# What the definitions cannot say: of these options a command needs one.
ONE_OF = {"report": ("--output", "--figures")}


class Definitions:
    def __init__(self, program):
        text = subprocess.run([program, "manual", "--format", "json"], check=True, capture_output=True, text=True).stdout
        self.root = json.loads(text)

    def commands(self, hidden=False):
        found = []

        def gather(command):
            if command["hidden"] and not hidden:
                return
            found.append(command)
            for below in command["commands"]:
                gather(below)

        gather(self.root)
        return found

    # What is wrong with the words behind "isojoule", or "". `whole`: nothing may be missing.
    def complaint(self, words, whole=False):
        command, at, positionals, given = self.root, 0, 0, set()
        while at < len(words):
            word = words[at]
            at += 1
            if word == "--" and command["takes_program"]:
                break
            if word in ("...", "[options]", "[OPTIONS]"):
                whole = False
                continue
            if word.startswith("-") and word != "-" and not is_number(word):
                name, equals, value = word.partition("=")
                option = find_option(command, name)
                if option is None:
                    return f"'{command['command'] or 'isojoule'}' has no option {name}"
                given.update(option["names"])
                if not option["takes_value"]:
                    continue
                if not equals:
                    if option["value_optional"]:
                        at += may_be_value(command, words[at:])
                        continue
                    if at == len(words):
                        return f"{name} needs a value" if whole else ""
                    value = words[at]
                    at += 1
                if not fits(option, value):
                    return f"{name} may not be {value}: {', '.join(option['choices'])}"
                continue
            below = [c for c in command["commands"] if c["command"].split()[-1] == word]
            if below:
                command = below[0]
                continue
            if command["needs_command"]:
                return f"'{command['command'] or 'isojoule'}' has no command {word}"
            places = [o for o in command["options"] if o["positional"]]
            if positionals < len(places):
                option = places[positionals]
                positionals += 0 if option["repeats"] else 1
                given.update(option["names"])
                if not fits(option, word):
                    return f"{option['names'][0]} may not be {word}: {', '.join(option['choices'])}"
                continue
            return f"'{command['command'] or 'isojoule'}' takes no further word {word}"
        if not whole or given & {"--help", "--version"}:
            return ""
        if command["needs_command"]:
            return f"'{command['command'] or 'isojoule'}' needs a command"
        one_of = ONE_OF.get(command["command"], ())
        if one_of and not given & set(one_of):
            return f"'{command['command']}' needs one of {', '.join(one_of)}"
        for option in command["options"]:
            if option["required"] and option["names"][0] not in given:
                return f"'{command['command']}' needs {option['names'][-1]}"
        return ""


# Of an option that may stand alone. A word that could be the command's own is taken as that.
def may_be_value(command, words):
    if not words or is_number(words[0]):
        return bool(words)
    has_words = command["commands"] or any(o["positional"] for o in command["options"])
    return not has_words and not words[0].startswith("-")


def is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def find_option(command, name):
    return next((o for o in command["options"] if not o["positional"] and name in o["names"]), None)


# Capitals and "..." stand for something.
def fits(option, value):
    return "choices" not in option or value in option["choices"] or value == "..." or value.isupper()
