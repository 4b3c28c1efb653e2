"""Smaller programs than a given one: what to try when looking for the smallest that still shows a difference."""

SIMPLE = ["a", "1", "{}"]


def words_of(command):
    """The words of a command as they are spelled; a rough split, enough for what the grammar makes."""
    words, word, closers, in_quotes, skip = [], "", [], False, False
    for c in command:
        if skip:
            word, skip = word + c, False
            continue
        if c == "\\":
            word, skip = word + c, True
            continue
        if c == " " and not closers and not in_quotes:
            if word:
                words.append(word)
            word = ""
            continue
        if c == '"' and not (closers and closers[-1] == "}"):
            in_quotes = not in_quotes
        elif c in "{[":
            closers.append("}" if c == "{" else "]")
        elif closers and c == closers[-1]:
            closers.pop()
        word += c
    return words + [word] if word else words


def inner_scripts(words):
    """What stands in braces or brackets: scripts, if we are lucky."""
    for word in words:
        if len(word) > 2 and (word[0], word[-1]) in (("{", "}"), ("[", "]")):
            yield word[1:-1]


def smaller(program):
    """Candidates, the most promising first."""
    how, commands = program[0], program[1:]
    for at in range(len(commands)):
        if len(commands) > 1:
            yield [how] + commands[:at] + commands[at + 1:]
    if how != "script":
        yield ["script"] + commands
    for at, command in enumerate(commands):
        words = words_of(command)
        for text in inner_scripts(words):
            yield [how] + commands[:at] + [text] + commands[at + 1:]
        for i in range(len(words)):
            if i:
                yield [how] + commands[:at] + [" ".join(words[:i] + words[i + 1:])] + commands[at + 1:]
        for i, word in enumerate(words):
            for simple in SIMPLE if i else []:
                if len(simple) < len(word):
                    yield [how] + commands[:at] + [" ".join(words[:i] + [simple] + words[i + 1:])] + commands[at + 1:]
            # One level further in: an expression, a list, a script.
            if len(word) > 4 and word[0] in "{[" and word[-1] in "}]":
                parts = words_of(word[1:-1])
                for j in range(len(parts)):
                    shorter = word[0] + " ".join(parts[:j] + parts[j + 1:]) + word[-1]
                    yield [how] + commands[:at] + [" ".join(words[:i] + [shorter] + words[i + 1:])] + commands[at + 1:]


def records(line):
    """The records of an answer, one a command; a rough split of the list that batch.tcl writes."""
    return words_of(line)


def until_difference(program, theirs, ours):
    """The program without the commands after the first whose records differ, when records and commands correspond."""
    left, right = records(theirs), records(ours)
    for at, pair in enumerate(zip(left, right)):
        if pair[0] != pair[1]:
            return program[:at + 2]
    return program
