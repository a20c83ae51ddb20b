"""What happens to a file under an administrator's hands, and under hostile ones: one change after the other, by chance.

Pure: the same source of chance makes the same changes.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

Change = Callable[[bytes, Random], bytes]

MOST_BYTES = 4_000_000
"""Of a file after its changes; a little more than any file of a site may have."""

_WORDS = (
    "", "~", "null", "yes", "no", "true", "0", "-1", "1", "9", "12", "1e9", "0x10", "1.5", "08:00", "2026-02-30",
    "20 s", "99999 h", "0 s", "3 min", "6 to 10", "10 to 6", "100 to 102", "999999999999999999999", "hang up",
    "a person", "return", "return nada", "closed", "08:00 to 17:30", "23:59 to 24:00", "monday to sunday",
    "like any day", "menu",
    "servicio", "vip", "cedula", "call.x", "saldo + 1", "caller in vip", "open(oficina)", "not not yes", "1 / 0",
    "length(lower(text(1)))", "(((((1)))))", "secret smtp", "{secret x}", "{token}", "https://{host}/", "status 404",
    "number from a.b.0 else x", "../../../etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/mem", "lists/vip.csv",
    "lists", ".", "es-CO", "xx", "America", "../UTC", "6017436967", "+573000000001", "300*", "127.0.0.1/0", "a@b",
    "sqlite:////dev/zero", "SELECT 1; DROP TABLE x", ":a :b :c", "*", "#", "<<", "same as", "steps", "[]", "{}", "[[]]",
    "{a: {b: c}}", "!!python/object/apply:os.system [id]", "!x y", "&a [*a]", "*a", "|", ">-", "- a", "? a", "--- a",
    "%YAML 1.1", "@x", "`x`", "'", '"', '"\\x00"', '"\\ud800"', "# x", "a: b: c",
)  # fmt: skip
"""Values that mean something somewhere."""

_STRANGE = (
    "\u202e", "\u200b", "\ufeff", "\x00", "\x1b[2J", "\x85", "\u2028", "\u0301" * 300, "ñ", "٣", "１２", "🙂" * 50,
    "ſ", "İ", "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80", "а", "\r",
    "\t", "\x7f",
)  # fmt: skip
"""Characters and bytes that are not what they seem."""


def mutated(content: bytes, source: Random, others: Sequence[bytes]) -> tuple[bytes, tuple[str, ...]]:
    """The file after one to six changes, and what they are called. `others`: files that pieces are taken from."""
    done = []
    for _ in range(min(6, 1 + int(source.expovariate(0.9)))):
        if others and source.random() < 0.06:
            name, content = "piece of another file", _graft(content, source.choice(others), source)
        else:
            name, change = source.choice(CHANGES)
            content = change(content, source)
        done.append(name)
        content = content[:MOST_BYTES]
    return content, tuple(done)


# ---- blocks: a line and what is indented below it


def _blocks(content: bytes, source: Random) -> tuple[list[bytes], int, int]:
    """The lines, and the bounds of one block."""
    lines = content.split(b"\n")
    first = source.randrange(len(lines))
    depth = _indent(lines[first])
    last = first + 1
    while last < len(lines) and (not lines[last].strip() or _indent(lines[last]) > depth):
        last += 1
    return lines, first, last


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" "))


def _delete_block(content: bytes, source: Random) -> bytes:
    lines, first, last = _blocks(content, source)
    return b"\n".join(lines[:first] + lines[last:])


def _double_block(content: bytes, source: Random) -> bytes:
    lines, first, last = _blocks(content, source)
    times = source.choice((1, 1, 2, 50, 2000))
    return b"\n".join(lines[:last] + lines[first:last] * times + lines[last:])[:MOST_BYTES]


def _rename_and_double(content: bytes, source: Random) -> bytes:
    """The same block many times, each under a name of its own, perhaps with other names in it, too."""
    lines, first, last = _blocks(content, source)
    head, colon, rest = lines[first].partition(b":")
    inside, others = lines[first + 1 : last], source.random() < 0.5
    copies = []
    for number in range(source.choice((2, 30, 3000))):
        copies.append(head + b"_%d" % number + colon + rest)
        copies += [line + b"_%d" % number if others and line[-1:].isalpha() else line for line in inside]
    return b"\n".join(lines[:last] + copies + lines[last:])[:MOST_BYTES]


def _move_block(content: bytes, source: Random) -> bytes:
    lines, first, last = _blocks(content, source)
    block, rest = lines[first:last], lines[:first] + lines[last:]
    at = source.randrange(len(rest) + 1)
    return b"\n".join(rest[:at] + block + rest[at:])


def _indent_block(content: bytes, source: Random) -> bytes:
    lines, first, last = _blocks(content, source)
    by = source.choice((-4, -2, -1, 1, 2, 4, 40))
    block = [b" " * by + line if by > 0 else line[min(-by, _indent(line)) :] for line in lines[first:last]]
    return b"\n".join(lines[:first] + block + lines[last:])


def _graft(content: bytes, other: bytes, source: Random) -> bytes:
    lines, first, last = _blocks(other, source)
    mine = content.split(b"\n")
    at = source.randrange(len(mine) + 1)
    return b"\n".join(mine[:at] + lines[first:last] + mine[at:])


# ---- tokens: words, values, signs


_TOKEN = re.compile(rb"[\w.]+|[^\w\s]|\s+")


def _some_token(content: bytes, source: Random) -> tuple[int, int]:
    if not content:
        return 0, 0
    near = source.randrange(len(content))
    match = _TOKEN.search(content, near)
    return match.span() if match else (near, near + 1)


def _replace_token(content: bytes, source: Random) -> bytes:
    start, end = _some_token(content, source)
    return content[:start] + source.choice(_WORDS).encode() + content[end:]


def _swap_tokens(content: bytes, source: Random) -> bytes:
    first, second = sorted((_some_token(content, source), _some_token(content, source)))
    if first[1] > second[0]:
        return content
    one, other = content[slice(*first)], content[slice(*second)]
    return content[: first[0]] + other + content[first[1] : second[0]] + one + content[second[1] :]


def _delete_token(content: bytes, source: Random) -> bytes:
    start, end = _some_token(content, source)
    return content[:start] + content[end:]


def _replace_value(content: bytes, source: Random) -> bytes:
    """What stands behind a colon or a comma."""
    places = [match.end() for match in re.finditer(rb"[:,] ", content[:200_000])]
    if not places:
        return _replace_token(content, source)
    start = source.choice(places)
    end = content.find(b"\n", start)
    return content[:start] + source.choice(_WORDS).encode() + content[end if end >= 0 else len(content) :]


# ---- size and depth


def _huge_scalar(content: bytes, source: Random) -> bytes:
    start, end = _some_token(content, source)
    one = source.choice((b"x", b"9", b"(", b"a ", b"\xc3\xb1", b"not ", b"1+", b"-", b'"', b"\\"))
    return content[:start] + one * source.choice((100, 600, 5000, 300_000)) + content[end:]


def _deep(content: bytes, source: Random) -> bytes:
    start, end = _some_token(content, source)
    opened, closed = source.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"- ", b""), (b"? ", b""), (b"[{a: ", b"}]")))
    times = source.choice((3, 19, 25, 1000, 100_000))
    return content[:start] + opened * times + b"x" + closed * times + content[end:]


def _staircase(content: bytes, source: Random) -> bytes:
    """Levels of indented keys at the end."""
    levels = source.choice((5, 22, 1000))
    return content + b"\n" + b"".join(b" " * level + b"k:\n" for level in range(levels))


def _wide(content: bytes, source: Random) -> bytes:
    """A list or a mapping of many values."""
    start, end = _some_token(content, source)
    many = source.choice((100, 20_000, 150_000))
    inside = source.choice((b"x, ", b"[], ", b"{}, ", b"", b"~, "))
    return content[:start] + (b"[" + inside * many + b"x]" if inside else _keys(many)) + content[end:]


def _keys(many: int) -> bytes:
    return b"{" + b", ".join(b"k%d: v%d" % (number, number) for number in range(min(many, 60_000))) + b"}"


def _aliases(content: bytes, source: Random) -> bytes:
    """Values that grow by being named again."""
    wide, levels = source.choice((2, 9, 100)), source.choice((2, 9, 30))
    lines = [b"a0: &a0 [x]"]
    for level in range(1, levels):
        names = b", ".join([b"*a%d" % (level - 1)] * wide)
        lines.append(b"a%d: &a%d [%s]" % (level, level, names))
    return b"\n".join([*lines, content] if source.random() < 0.5 else [content, *lines])


def _anchor(content: bytes, source: Random) -> bytes:
    """An anchor before one value, aliases for others."""
    places = [match.end() for match in re.finditer(rb": ", content[:200_000])]
    if len(places) < 2:
        return content
    first, second = sorted(source.sample(places, 2))
    end = content.find(b"\n", second)
    return content[:first] + b"&z " + content[first:second] + b"*z" + content[end if end >= 0 else len(content) :]


# ---- characters and bytes


def _strange(content: bytes, source: Random) -> bytes:
    at = source.randrange(len(content) + 1)
    found = source.choice(_STRANGE)
    return content[:at] + (found.encode() if isinstance(found, str) else found) + content[at:]


def _flip_bit(content: bytes, source: Random) -> bytes:
    if not content:
        return b"\xff"
    changed = bytearray(content)
    for _ in range(source.choice((1, 1, 1, 8, 200))):
        changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def _any_bytes(content: bytes, source: Random) -> bytes:
    at = source.randrange(len(content) + 1)
    return content[:at] + source.randbytes(source.choice((1, 3, 30, 3000))) + content[at:]


def _cut(content: bytes, source: Random) -> bytes:
    return content[: source.randrange(len(content) + 1)]


def _delete_bytes(content: bytes, source: Random) -> bytes:
    at = source.randrange(len(content) + 1)
    return content[:at] + content[at + source.choice((1, 1, 2, 10, 100)) :]


def _other_encoding(content: bytes, source: Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(source.choice(("utf-16", "utf-8-sig", "cp1252", "utf-32", "utf-7")), "replace")


def _line_ends(content: bytes, source: Random) -> bytes:
    ends = (b"\r\n", b"\r", b"\n\n", b"\x0b\n", "\u2028".encode(), b" \n", b"\t\n")
    return content.replace(b"\n", source.choice(ends))


def _replace_sign(content: bytes, source: Random) -> bytes:
    """Another delimiter: of tables, lists, keys."""
    one, other = source.sample((b",", b";", b"\t", b":", b"-", b'"', b"'", b"*", b"\n", b" "), 2)
    return content.replace(one, other, source.choice((1, 3, -1)))


def _nothing(content: bytes, source: Random) -> bytes:
    return source.choice((b"", b"\n", b"# only a remark\n", b"~", b"[]", b"{}", b"x", b"number\n", b"\xef\xbb\xbf"))


CHANGES: tuple[tuple[str, Change], ...] = (
    ("block deleted", _delete_block),
    ("block doubled", _double_block),
    ("block doubled under other names", _rename_and_double),
    ("block moved", _move_block),
    ("block indented otherwise", _indent_block),
    ("token replaced", _replace_token),
    ("tokens exchanged", _swap_tokens),
    ("token deleted", _delete_token),
    ("value replaced", _replace_value),
    ("value replaced", _replace_value),
    ("huge value", _huge_scalar),
    ("deep nesting", _deep),
    ("steps of indentation", _staircase),
    ("many values", _wide),
    ("aliases that grow", _aliases),
    ("alias of a value", _anchor),
    ("strange characters", _strange),
    ("bits changed", _flip_bit),
    ("any bytes", _any_bytes),
    ("end cut off", _cut),
    ("bytes deleted", _delete_bytes),
    ("other encoding", _other_encoding),
    ("other line ends", _line_ends),
    ("other signs", _replace_sign),
    ("nothing left", _nothing),
)
"""Each change with its name; what is more likely stands there twice."""
