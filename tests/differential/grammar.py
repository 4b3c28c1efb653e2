"""Makes small Tcl programs: commands from a table of shapes, with values that have gone wrong somewhere before.

A shape is a command as text. Lower-case words stand for themselves, `a|b` is a choice, a word of capitals is a kind of value
(a method of Maker), `?` before a word leaves it out at times, `*` repeats it from none to three times.
"""

import random

SHAPES = """
set NAME ?ANY
append NAME *ANY
lappend NAME *ANY
incr NAME ?INT
unset ?-nocomplain *NAME
list *ANY
concat *LIST
lindex LIST *INDEX
llength LIST
lrange LIST INDEX INDEX
linsert LIST INDEX *ANY
lreplace LIST INDEX INDEX *ANY
lset NAME *INDEX ANY
lassign LIST *NAME
lrepeat COUNT *ANY
lreverse LIST
join LIST ?ANY
split STRING ?STRING
lsort ?-ascii|-dictionary|-integer|-real|-nocase ?-increasing|-decreasing ?-unique ?-indices LIST
lsort -index INDEX ?-integer LIST
lsort -stride COUNT ?-index ?INDEX LIST
lsearch ?-exact|-glob|-regexp|-sorted|-bisect ?-all ?-inline ?-not ?-nocase ?-integer|-real|-dictionary|-ascii LIST ANY
lsearch -start INDEX ?-all ?-inline LIST ANY
lsearch -index INDEX ?-subindices ?-all ?-inline LIST ANY
dict create *ANY *ANY
dict get DICT *KEY
dict set NAME *KEY ANY
dict unset NAME *KEY
dict exists DICT *KEY
dict keys DICT ?GLOB
dict values DICT ?GLOB
dict size DICT
dict merge *DICT
dict remove DICT *KEY
dict replace DICT KEY ANY
dict incr NAME KEY ?INT
dict lappend NAME KEY *ANY
dict append NAME KEY *ANY
dict for NAMES DICT BODY
dict map NAMES DICT BODY
dict filter DICT key *GLOB
dict filter DICT value *GLOB
dict filter DICT script NAMES BODY
dict update NAME KEY NAME BODY
dict with NAME *KEY BODY
dict info DICT
string length STRING
string index STRING INDEX
string range STRING INDEX INDEX
string replace STRING INDEX INDEX ?STRING
string repeat STRING COUNT
string reverse STRING
string toupper|tolower|totitle STRING ?INDEX ?INDEX
string trim|trimleft|trimright STRING ?STRING
string first STRING STRING ?INDEX
string last STRING STRING ?INDEX
string match ?-nocase GLOB STRING
string compare|equal ?-nocase ?-length ?INT STRING STRING
string map ?-nocase DICT STRING
string is CLASS ?-strict ANY
string is CLASS -failindex NAME ANY
string wordstart|wordend STRING INDEX
string bytelength STRING
string cat *STRING
expr EXPR
expr {BRACED}
expr {BRACED}
expr {BRACED}
expr {BRACED}
if EXPRWORD BODY ?else ?BODY
while {BOUNDED} BODY
for {set|i|0} {$i<3} {incr|i} BODY
foreach NAMES LIST BODY
foreach NAMES LIST NAMES LIST BODY
lmap NAMES LIST BODY
switch ?-exact|-glob|-regexp ?-nocase ?-- STRING CASES
switch STRING a BODY b BODY default BODY
switch -regexp -matchvar NAME -indexvar NAME -- STRING CASES
catch BODY ?NAME ?NAME
try BODY on CODE NAMES BODY
try BODY trap LIST NAMES BODY finally BODY
error ANY ?ANY ?ANY
throw LIST ANY
return ?-code ?CODE ?-level ?COUNT ?ANY
eval *BODY
uplevel LEVEL BODY
subst ?-nocommands|-novariables|-nobackslashes STRING
format FORMAT *ANY
format FORMAT NUMBER *NUMBER
scan STRING SCAN *NAME
scan NUMBER SCAN
regexp ?-nocase ?-inline ?-all ?-indices ?-line ?-- REGEXP STRING *NAME
regexp -start INDEX REGEXP STRING ?NAME
regsub ?-all ?-nocase ?-line ?-- REGEXP STRING STRING ?NAME
binary format BINARY *ANY
binary format BINARY NUMBER *NUMBER
binary scan STRING BINARY *NAME
binary encode hex|base64|uuencode STRING
binary decode hex|base64|uuencode STRING
encoding convertto ENCODING STRING
encoding convertfrom ENCODING STRING
array set ARRAYNAME DICT
lsort [array get ARRAYNAME ?GLOB ]
lsort [array names ARRAYNAME ?-exact|-glob|-regexp ?GLOB ]
array size|exists|startsearch ARRAYNAME
array unset ARRAYNAME ?GLOB
info exists NAME
info args|body|level NAME
info default f x NAME
info procs f*
lsort [info procs GLOB ]
info complete STRING
lsort [info vars|locals GLOB ]
apply LAMBDA *ANY
proc NEWNAME ARGUMENTS BODY
NEWNAME *ANY
rename NEWNAME ANY
global NAME
variable NAME ?ANY
upvar LEVEL NAME NAME
namespace eval NAMESPACE BODY
namespace exists|children|parent|qualifiers|tail|delete NAMESPACE
namespace which ?-command|-variable NAME
namespace code BODY
namespace current
interp alias {} NEWNAME {} CALL *ANY
interp eval {} BODY
interp issafe|exists|slaves ANY
clock format INT -gmt 1 -format CLOCK
clock scan STRING -gmt 1 -format CLOCK
clock add INT INT seconds|days|months|years|weeks -gmt 1
file join *STRING
file split|dirname|tail|rootname|extension|pathtype STRING
tcl::mathfunc::MATH NUMBER ?NUMBER
tcl::mathop::OPERATOR *NUMBER
puts ?-nonewline ANY
coroutine NEWNAME CALL *ANY
tailcall CALL *ANY
trace add variable NAME WHEN CALLBACK
lsort -command CALL LIST
join LIST
"""

INTEGERS = """0 1 2 3 5 7 10 -1 -2 -3 -10 007 010 08 0x10 0XfF 0b101 0B2 0o17 0o8 +1 --1 +-1 { 4 } 4\\n 1_0 1e3 12345678901234567890
2147483647 2147483648 -2147483648 -2147483649 4294967296 9223372036854775807 9223372036854775808 -9223372036854775808
-9223372036854775809 18446744073709551616 123456789012345678901234567890 0x 0x1g - + . 0d10 0.5 3.7 -0""".split()
DOUBLES = """0.0 1.0 -0.0 1.5 -2.5 .5 5. 1e10 1E+10 1e-10 1e308 1e309 -1e309 1e-320 4.9e-324 Inf -Inf inf infinity NaN nan
0x1.8p1 1e 1e+ 1.0.0 1,5 123456789.123456789 0.1 0.30000000000000004 1e22 1e23 123456789012345680.0 3.0e0 9007199254740993.0""".split()
BOOLEANS = "true false yes no on off t f y n tr o Yes TRUE oN 1 0 2 {} nope".split()
INDEXES = """0 1 2 3 end end-1 end-2 end+1 end-end -1 1+1 2-1 1+-1 end-0x1 0x1 010 5 100 en e END end- end+ 1+ +1 1- end-1-1 {} { } x 1.0
99999999999 9223372036854775807 9223372036854775808 -9223372036854775809 end-9223372036854775808 4294967295 4294967296 2147483647""".split()
TEXTS = ["", "a", "b", "abc", "aXb", "hello world", "a b c", "  a  ", "\t", "\n", "a\nb", "{", "}", "{a", "a}", "{a b}", "{a b} c", "[a]", "$a", "\\",
         "a\\", "\\n", "\"", "\"a\" b", "a;b", "#a", "é", "Ünïcödé", "日本語", "€", "ß", "ǅ", "İ", "ı", "\u0000", "a\u0000b", "\u00ff", "\u0100", "\u200b",
         "\u2028", "\ufeff", "\uffff", "-", "--", "-1", "-nocase", "-all", "*", "a*", "?", "[a-c]", "[^a]", "::", "::a", "a::b", "a(b)", "arr(k)", "(", ")",
         "k 1", "k 1 j 2", "k {j 1}", "k", "%", "%d", "%s%s", "&", "\\1", "0", "1", "10", "-5", "1.5", "0x1F", "true", "no", "NaN", "Inf",
         "a a a b b", "3 1 2", "1 10 2 0x3", "b A c B a", "{b 1} {a 2}", "a10 a9 a1", "abcabcabc", "aaaa", "ABC", "q w e r t y", "1 2 3 4 5 6 7 8",
         "~", "/", "a/b/c.d", "../x", "//a//b/", ".x", "x.tar.gz", "e1 e2 {e3 e4 {e5}}", "a {b", "a {b}c", "a \"b\"c", "\\{", "a\\ b", "\\x41", "x\\\ny"]
GLOBS = ["*", "?", "a*", "*b*", "[a-c]*", "[!a]", "[^a]", "[", "[a", "[]]", "[a-", "\\*", "\\", "a\\", "??", "", "*é*", "[c-a]", "k", "k*", "*\\", "**a", "{a,b}"]
REGEXPS = ["a", "a*", "a+?", "(a)(b)?", "a|b", "(a|ab)(c|bcd)", "[a-c]+", "[^a]", "^a", "a$", "\\d+", "\\s", "\\w+", "\\y", "\\m\\w", "(?i)A", "(?x) a b", "a{2}", "a{2,}", "a{1,2}?",
           "(", ")", "[", "a**", "a{", "a{2", "a{3,2}", "a{256}", "\\", "*a", "+", "(?:a)b", "(?=a)", "(?!a).", "(a)\\1", "\\2(a)(b)", "[[:alpha:]]+", "[[:foo:]]", "[a-", "[z-a]", ".", ".*",
           "", "^$", "()", "(|a)+", "(a*)*", "(a*)+b", "\\A", "\\Z", "é", "[à-ü]", "\\u00e9", "(?b)a\\(b\\)", "***=a.b", "***:a", "x*y?z+", "\\Ma", "(?n)^b", "[[.a.]]", "[[=a=]]"]
FORMATS = ["%d", "%s", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%X", "%#x", "%o", "%#o", "%b", "%#b", "%c", "%e", "%f", "%g", "%G", "%.3f", "%10.2e", "%.0f", "%#.0f", "%i", "%u", "%ld",
           "%lld", "%hd", "%llx", "%5s|", "%-5s|", "%.2s", "%%", "%", "%z", "%1$s", "%2$s %1$s", "%1$s %s", "%0$s", "%*d", "%-*s|", "%.*f", "%3$d", "abc", "", "%05s", "%s %s", "%d %d", "%#X", "%#d", "%a", "%+5.1f", "%+s", "%p", "%hhd", "%qd"]
SCANS = ["%d", "%s", "%c", "%x", "%o", "%b", "%i", "%u", "%f", "%e", "%g", "%[a-c]", "%[^a]", "%[]a]", "%[", "%n", "%*d", "%2d%d", "%d %d", "%s %s", "%1$d", "%2$d %1$d", "%1$d %d", "%ld", "%lld", "%lli", "%hd", "%%", "%", "%z", "%5c", "a%d",
         "", " %d", "%3s", "%d%n", "%[a-", "%[^]]", "%2$s", "%d%d%d", "%llu"]
BINARIES = ["a", "a3", "a*", "A5", "A*", "b8", "B8", "b*", "h2", "H2", "H*", "c", "c2", "c*", "s", "S", "i", "I", "n", "t", "w", "W", "m", "f", "d", "R", "q", "Q", "r", "x2", "X", "@3", "@*", "x*", "X*", "cu", "su2", "iu*", "a2c", "a0", "z", "", "aaa", "c2s", "H3",
            "a-1", "@", "a2x2a", "c c", "3", "ii", "wu", "t*", "nu"]
CLASSES = "alnum alpha ascii boolean control digit double entier false graph integer list lower print punct space true upper wideinteger wordchar xdigit foo in".split()
MATH = """abs acos asin atan atan2 bool ceil cos cosh double entier exp floor fmod hypot int isqrt log log10 max min pow round sin sinh sqrt tan
tanh wide foo""".split()
BINARY_OPERATORS = "+ - * / % < > <= >= == != eq ne in ni && || & | ^ ** << >>".split()
# Not the two whose results can fill the memory.
OPERATORS = [operator for operator in BINARY_OPERATORS if operator not in ("<<", "**", "&&", "||")] + ["~", "!"]
CLOCKS = ["%Y-%m-%d", "%H:%M:%S", "%d %b %Y", "%j %U %u", "%s", "%D %T", "%y", "%a %A %B", "%%", "%C %e %k %I %p", "%G-W%V", "%Ey", "%Q", "%"]
ENCODINGS = "utf-8 ascii iso8859-1 iso8859-15 cp1252 unicode shiftjis euc-jp koi8-r identity foo".split()
NAMES = ["a", "b", "l", "d", "n", "x", "arr", "arr(k)", "arr(j)", "arr()", "", "::a", "::nope::a", "a b", "i", "d(k)", "$a", "q::v"]
BRACELESS = str.maketrans("", "", "{}[]\"\\$;")


def quoted(text):
    """A word whose value is text, as a script spells it."""
    if text and all(c.isalnum() or c in "_-+.:*?=<>!/@%^&|,~" for c in text) and text.isascii():
        return text
    plain = "\\" not in text and "\0" not in text and text.count("{") == text.count("}") and text.isprintable()
    if plain and balanced(text):
        return "{" + text + "}"
    out = []
    for c in text:
        if c in "{}[]\"\\$; #()":
            out.append("\\" + c)
        elif c == "\n":
            out.append("\\n")
        elif c == "\t":
            out.append("\\t")
        elif not c.isprintable() or ord(c) > 126:
            out.append("\\u%04x" % ord(c))
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def balanced(text):
    depth = 0
    for c in text:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


class Maker:
    """Makes programs from a seed: the same seed, the same program."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.depth = 0

    def program(self):
        """A list: script or proc, then commands."""
        pick = self.random
        commands = ["set a " + self.word("ANY"), "set l " + self.word("LIST"), "set d " + self.word("DICT"), "array set arr {k 1 j two}",
                    "proc f {x {y 2} args} {list $x $y $args}", "set n " + self.word("NUMBER")]
        commands = [command for command in commands if pick.random() < 0.6]
        commands += [self.command() for _ in range(pick.randint(1, 5))]
        return [pick.choice(["script", "proc"])] + commands

    def command(self):
        pick = self.random
        words = self.shape(pick.choice(TABLE))
        chance = pick.random()
        if chance < 0.03 and len(words) > 1:
            words.pop(pick.randrange(1, len(words)))
        elif chance < 0.06:
            words.insert(pick.randrange(1, len(words) + 1), self.word("ANY"))
        elif chance < 0.10 and len(words) > 1:
            words[pick.randrange(1, len(words))] = self.word("ANY")
        return " ".join(words)

    def shape(self, shape):
        words = []
        for word in shape:
            if word[0] == "?" and len(word) > 1:
                if self.random.random() < 0.5:
                    continue
                word = word[1:]
            count = 1
            if word[0] == "*" and len(word) > 1 and word[1].isupper():
                count = self.random.choice([0, 1, 1, 1, 2, 2, 3])
                word = word[1:]
            for _ in range(count):
                words.append(self.word(word))
        return words

    def word(self, kind):
        pick = self.random
        if "|" in kind and not kind.startswith("{"):
            return pick.choice(kind.split("|"))
        if kind.startswith("{"):
            inner = kind[1:-1]
            if not inner.isupper():
                return "{" + inner.replace("|", " ") + "}"
            return "{" + getattr(self, inner.lower())() + "}"
        if not kind.isupper() and not kind.startswith("tcl::"):
            return kind
        if kind.startswith("tcl::"):
            prefix, kind = kind.rsplit("::", 1)
            return prefix + "::" + pick.choice(MATH if kind == "MATH" else OPERATORS)
        return getattr(self, "lambda_" if kind == "LAMBDA" else kind.lower())()

    def value(self, texts, own=0.75):
        """A word: mostly one of these texts, at times a variable, the result of a command, or any text at all."""
        pick = self.random
        chance = pick.random()
        if chance < own:
            return quoted(pick.choice(texts))
        if chance < 0.88:
            return pick.choice(["$a", "$l", "$d", "$n", "$arr(k)", "${a}", "\"$a x\"", "$a$l", "$i"])
        if chance < 0.95 and self.depth < 2:
            self.depth += 1
            inner = self.command()
            self.depth -= 1
            return "[" + inner + "]"
        return quoted(pick.choice(pick.choice([TEXTS, INTEGERS, DOUBLES, INDEXES])))

    def any(self):
        return self.value(self.random.choice([TEXTS, TEXTS, INTEGERS, DOUBLES]))

    def string(self):
        return self.value(TEXTS)

    def int(self):
        return self.value(INTEGERS)

    def number(self):
        return self.value(INTEGERS if self.random.random() < 0.6 else DOUBLES)

    def index(self):
        return self.value(INDEXES, 0.93)

    def count(self):
        return quoted(self.random.choice(["0", "1", "2", "3", "7", "-1", "-5", "x", "", "1.5", "0x2", "99999999999999999999"]))

    def list(self):
        pick = self.random
        if pick.random() < 0.5:
            return self.value(TEXTS)
        items = [quoted(pick.choice(pick.choice([TEXTS, INTEGERS, DOUBLES]))) for _ in range(pick.randint(0, 5))]
        return "[list " + " ".join(items) + "]"

    def dict(self):
        pick = self.random
        if pick.random() < 0.3:
            return self.value(TEXTS)
        items = [self.key() + " " + quoted(pick.choice(TEXTS)) for _ in range(pick.randint(0, 3))]
        return "[dict create " + " ".join(items) + "]" if pick.random() < 0.7 else "[list " + " ".join(items) + " ]"

    def key(self):
        return quoted(self.random.choice(["k", "k", "j", "1", "01", "", "a b", "é", "x"]))

    def name(self):
        return quoted(self.random.choice(NAMES if self.random.random() < 0.3 else NAMES[:9]))

    def names(self):
        return self.random.choice(["x", "{x y}", "{k v}", "{}", "{a b c}", "{arr(k) x}", "{k v} ", "{{a b} c}", "x"])

    def arrayname(self):
        return quoted(self.random.choice(["arr", "arr", "a", "new", "arr(k)", "", "::arr"]))

    def newname(self):
        return self.random.choice(["f", "g", "h", "::g", "ns::f", "list", "{}"])

    def namespace(self):
        return quoted(self.random.choice(["ns", "::", "::ns", "ns::sub", "nope", "", "::a::b::", ":::ns", "a b"]))

    def call(self):
        return self.random.choice(["f", "g", "list", "set", "{string length}", "nope", "string", "expr", "incr", "apply", "error"])

    def callback(self):
        return self.random.choice(["f", "{lappend ::seen}", "{error no ;#}", "{set ::seen 1 ;#}", "{apply {args {incr ::count}}}"])

    def when(self):
        return self.random.choice(["write", "read", "unset", "{read write}", "array", "foo", "{}"])

    def level(self):
        return self.random.choice(["0", "1", "#0", "#1", "2", "-1", "x", "#x", "99"])

    def code(self):
        return self.random.choice(["ok", "error", "return", "break", "continue", "0", "1", "2", "3", "4", "5", "-1", "x", "99999999999"])

    def arguments(self):
        return self.random.choice(["{}", "x", "{x y}", "{x {y 2}}", "args", "{x args}", "{{x 1} y}", "{x x}", "{{a b c}}", "{{}}", "a::b", "{arr(k)}", "{args x}", "\"{a\""])

    def glob(self):
        return self.value(GLOBS, 0.9)

    def regexp(self):
        return self.value(REGEXPS, 0.95)

    def format(self):
        return self.value(FORMATS, 0.95)

    def scan(self):
        return self.value(SCANS, 0.95)

    def binary(self):
        return quoted(" ".join(self.random.choice(BINARIES) for _ in range(self.random.choice([1, 1, 2]))))

    def encoding(self):
        return self.random.choice(ENCODINGS)

    def clock(self):
        return quoted(self.random.choice(CLOCKS))

    # "class" is a word of Python; the kind is looked up in lower case.
    def __getattr__(self, name):
        if name == "class":
            return lambda: self.random.choice(CLASSES)
        raise AttributeError(name)

    def lambda_(self):
        return "{%s {%s}}" % (self.arguments(), self.command())

    def body(self):
        pick = self.random
        if self.depth >= 2:
            return pick.choice(["{}", "{set x}", "{incr a}", "{break}", "{continue}", "{return r}", "{error e}", "{lappend l z}", "{puts $a}", "{set r $x}"])
        self.depth += 1
        text = "; ".join(self.command() for _ in range(pick.choice([1, 1, 2])))
        self.depth -= 1
        if not balanced(text):
            return "{lappend l $x}"
        return "{" + text + "}"

    def cases(self):
        pick = self.random
        words = []
        for _ in range(pick.randint(1, 3)):
            words.append(quoted(pick.choice(pick.choice([GLOBS, ["a", "b", "abc", "default", "k"]])).translate(BRACELESS)))
            words.append(pick.choice(["-", "{set r 1}", "{set r 2}", "{break}", "{}", "{return q}"]))
        return "{" + " ".join(words) + "}"

    def bounded(self):
        return self.random.choice(["[incr i] < 4", "$n < 0", "0", "[incr i] != 2", "{}", "x", "[incr i] < 3 && 1"])

    def exprword(self):
        return "{" + self.braced() + "}" if self.random.random() < 0.8 else self.value(BOOLEANS)

    def expr(self):
        return self.value(INTEGERS + BOOLEANS) if self.random.random() < 0.4 else '"' + self.braced().replace('"', "'") + '"'

    def braced(self, depth=0):
        """The text of an expression; what it shifts by or raises to is small, so that no result fills the memory."""
        pick = self.random
        chance = pick.random()
        if depth > 2 or chance < 0.35:
            return self.operand()
        if chance < 0.70:
            operator = pick.choice(BINARY_OPERATORS)
            left, right = self.braced(depth + 1), self.braced(depth + 1)
            if operator in ("<<", ">>", "**"):
                right = pick.choice(["0", "1", "2", "3", "10", "63", "64", "65", "-1", "-2", "0.5", "x", "{}", "$x", "2.0"])
                left = self.operand()
            space = pick.choice([" ", " ", ""]) if not operator.isalpha() else " "
            return left + space + operator + space + right
        if chance < 0.78:
            return pick.choice("+-~!") + self.braced(depth + 1)
        if chance < 0.84:
            return "(" + self.braced(depth + 1) + ")"
        if chance < 0.90:
            return "%s ? %s : %s" % (self.braced(depth + 1), self.braced(depth + 1), self.braced(depth + 1))
        if chance < 0.98:
            return "%s(%s)" % (pick.choice([name for name in MATH if name != "pow"]), ",".join(self.braced(depth + 1) for _ in range(pick.choice([0, 1, 1, 1, 2]))))
        return pick.choice(["", "1 +", "(1", "1)", "a", "1 2", "$", "\"a", "{a", "@", "1 ? 2", "foo(", "f()", "1,2", "0x", "1 + # 2", "1 == = 2", "in", "\\1", "[", "1 &&"]).replace("{", "").replace("[", "")

    def operand(self):
        pick = self.random
        chance = pick.random()
        if chance < 0.45:
            return pick.choice(INTEGERS).translate(BRACELESS) or "0"
        if chance < 0.65:
            return pick.choice(DOUBLES).translate(BRACELESS)
        if chance < 0.80:
            return pick.choice(["$a", "$n", "$l", "$x", "$arr(k)", "$i"])
        if chance < 0.90:
            return '"' + pick.choice(TEXTS + INTEGERS).translate(BRACELESS).replace("\n", "") + '"'
        if chance < 0.95:
            return "{" + pick.choice(TEXTS).translate(BRACELESS) + "}"
        return pick.choice(BOOLEANS).translate(BRACELESS) or "true"


TABLE = [line.split() for line in SHAPES.strip().splitlines()]
