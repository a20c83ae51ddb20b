"""Every code of a problem, with what it means and what to do: the reference page is made of this."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem."""

    code: str
    title: str
    remedy: str
    warning: bool = False


CODES = (
    # --- Any file
    Code("YAML001", "The file cannot be read", "Create it, or give the server's user the right to read it."),
    Code(
        "YAML002",
        "The file is not UTF-8",
        "Save it with the encoding UTF-8; the place is that of the first wrong byte.",
    ),
    Code("YAML003", "The file, a text or a key is too large", "Divide the file or shorten the text."),
    Code("YAML004", "A tab at the beginning of a line", "Indent with blanks."),
    Code("YAML005", "An invisible control character", "Delete it."),
    Code("YAML006", "The file is empty", "Write its first key, or delete the file."),
    Code(
        "YAML007", "The file is not written as YAML asks", "Look at colons, quotes, brackets and leading blanks there."
    ),
    Code("YAML008", "The same key twice", "Delete one; the message names the line of the first."),
    Code("YAML009", "Too many levels inside each other", "Write it flatter; files of a site need five levels."),
    Code("YAML010", "A tag (!something)", "Delete the tag."),
    Code("YAML011", "An alias (*name) without its anchor", "Put text that begins with * into quotes."),
    Code("YAML012", "A second document in the file", "Delete the line --- and what follows, or use another file."),
    Code("YAML013", "A key that is not a word or a number", "Put it into quotes."),
    Code("YAML014", "The merge key <<", "In a flow, write `same as: STEP`."),
    Code("YAML015", "The file does not begin with a key", "Begin with `flow: NAME` or with what the file is about."),
    # --- Flows
    Code("FLOW001", "The flow has not the name of its file", "Give both the same name."),
    Code("FLOW003", "The first step does not exist", "Correct `start:`, or write the step."),
    Code("FLOW010", "A step without a verb", "Say what the step does, with one of the verbs of the reference."),
    Code("FLOW011", "A setting or its value is missing", "Add it."),
    Code("FLOW012", "An unknown setting", "Correct its name; the message tells the nearest one."),
    Code("FLOW013", "A value of the wrong kind", "Write a text, a list or indented settings, as the message says."),
    Code("FLOW014", "A value that is not possible", "Write one as in the message."),
    Code("FLOW015", "A step with two verbs", "Make two steps of it."),
    Code("FLOW016", "`same as` names a step that does not exist", "Correct the name."),
    Code("FLOW017", "`same as` leads in a circle", "Write one of the steps out."),
    Code("FLOW018", "A name that a step cannot have", "Use small letters without accents, digits and _."),
    Code("FLOW020", "The next step does not exist", "Correct the name, or write the step."),
    Code("FLOW021", "An unknown prompt", "Correct the name, or write the prompt in prompts.yaml."),
    Code("FLOW022", "A prompt without the flow's language", "Add the text in prompts.yaml."),
    Code("FLOW023", "An unknown queue", "Correct the name, or add the queue in queues.yaml."),
    Code("FLOW024", "An unknown extension", "Correct it, or add it in site.yaml."),
    Code("FLOW025", "An unknown timetable", "Correct the name, or add the timetable in hours.yaml."),
    Code("FLOW026", "A number that the line does not have", "Correct it, or add it in site.yaml."),
    Code("FLOW027", "Two flows answer the same number", "Delete it from one of them."),
    Code("FLOW028", "A language that the site does not have", "Correct it, or add it to `languages` in site.yaml."),
    Code("FLOW019", "An expression that cannot be read", "Write it as the message says; see the page of expressions."),
    Code("FLOW034", "An unknown mailbox", "Correct the name, or add the mailbox in voicemail.yaml."),
    Code("FLOW035", "An unknown source of look-ups", "Correct the name, or add the source in lookups.yaml."),
    Code("FLOW036", "An unknown list of callers", "Correct the name, or add the list in lists.yaml."),
    Code("FLOW040", "An expression of the wrong type, or with an unknown name", "Write it as the message says."),
    Code("FLOW041", "A variable that is not declared, or declared as another type", "Declare it as the message says."),
    Code("FLOW042", "A variable that has no value on some way", "Declare it with a value, or set it before."),
    Code("FLOW046", "After a hang-up the flow leads to something heard", "Lead only to set, look up, branch, hang up."),
    Code("FLOW050", "An unknown flow", "Correct the name, or write the flow."),
    Code("FLOW051", "Flows that call themselves, or too deep", "Use `goto`, or put two flows into one."),
    Code("FLOW052", "An exit that a subflow does not have, or that leads nowhere", "Write it as the message says."),
    Code("FLOW053", "A parameter that is missing, unknown or of another type", "Give it as the message says."),
    Code("FLOW054", "A `return` where nobody called", "Write a step or `hang up`; or `call` the flow."),
    Code("FLOW055", "A result that a subflow does not have, or of another type", "Correct it as the message says."),
    Code("FLOW057", "A look-up's parameter is missing, unknown or of another type", "Give it as the message says."),
    Code("FLOW058", "An answer that a look-up does not have, or of another type", "Correct it as the message says."),
    Code("FLOW030", "A step that no caller reaches", "Lead to it from another step, or delete it."),
    Code("FLOW031", "A silent caller goes round for ever", "Let one of the steps lead to a person or to `hang up`."),
    Code(
        "FLOW032",
        "A recorded queue without the recording notice on the way",
        "Put a `notice` before it; without one, calls that come this way are not recorded.",
        warning=True,
    ),
    # --- What `ivr prove` shows a call for
    Code("PROOF001", "A call goes round without end", "Let one of the steps lead to a person or to `hang up`."),
    Code("PROOF002", "Too many steps without a key or a talk", "Put steps together, or ask the caller in between."),
    Code("PROOF003", "No way leads to a person or to a named end", "Write one."),
    Code("PROOF004", "A person or an end is too far away", "Shorten the way, or promise less in site.yaml."),
    Code("PROOF005", "Who presses nothing waits too long", "Shorten prompts, tries or waits, or promise less."),
    Code("PROOF006", "Who presses nothing is hung up on", "Lead to a person, to voicemail or to a step `hang up`."),
    Code("PROOF007", "A recorded queue without a completed notice", "Put a `notice` before it, in every language."),
    Code("PROOF008", "A prompt that cannot be heard in the call's language", "Add the text in prompts.yaml."),
    Code("PROOF009", "A value that cannot be said", "Say it another way, or leave it out in this language."),
    Code("PROOF010", "An expression without a value", "Give its variables values on every way, or ask before."),
    Code("PROOF011", "A step that no call comes to", "Lead to it, or delete it."),
    Code("PROOF012", "A condition that never or always holds", "Correct it, or delete the way."),
    Code("PROOF013", "A key that no caller can choose", "Correct the menu, or delete the key."),
    Code("PROOF014", "An exit that no call takes", "Correct it, or delete it."),
    Code("PROOF015", "A call that the server has to save", "Correct what the message says."),
    # --- Configuration
    Code("CONF011", "A setting or its value is missing", "Add it."),
    Code("CONF012", "An unknown setting", "Correct its name; the message tells the nearest one."),
    Code("CONF013", "A value of the wrong kind", "Write a text, a list or indented settings, as the message says."),
    Code("CONF014", "A value that is not possible", "Write one as in the message."),
    Code("CONF020", "A number that no flow answers", "Add it to `numbers` of a flow, or delete it from site.yaml."),
    Code("CONF021", "An unknown prompt", "Correct the name, or write the prompt in prompts.yaml."),
    Code("CONF022", "An unknown extension", "Correct it, or add it to `extensions` in site.yaml."),
    Code("CONF023", "A queue that nobody can serve", "Give an agent the skill, or ask for a lower level."),
    Code("CONF024", "A prompt that says nothing", "Write a text in a language, or name a recording."),
    Code("CONF025", "A language that the site does not have", "Correct it, or add it to `languages` in site.yaml."),
    Code("CONF026", "A recording's file does not exist", "Put the file there, or correct its name."),
    Code("CONF027", "A prompt without the site's language", "Add the text in prompts.yaml."),
    Code("CONF028", "A setting without the one it needs", "Write both or neither."),
    Code("CONF029", "A date or name that does nothing", "Delete the line, or correct it.", warning=True),
    Code("CONF031", "A day of the week without hours", "Write its hours, or closed."),
    Code("CONF032", "A day of the week twice", "Delete one."),
    Code("CONF033", "Not a day of the week", "Write monday to sunday in English, for example monday to friday."),
    Code("CONF034", "An extension or address used twice", "Delete one."),
    Code("CONF035", "A language that the server does not speak", "Write Spanish or English, such as es-CO or en."),
    Code("CONF040", "A prompt that nobody hears", "Use it in a flow or a queue, or delete it.", warning=True),
    Code("CONF041", "There is no flow", "Write at least one file in the folder of flows."),
    Code("CONF042", "A flow's file with another ending than .yaml", "Rename it: only NAME.yaml is read."),
    # --- Lists of callers (lists.yaml and its CSV files)
    Code("CONF050", "A list's file cannot be read", "Put it into the folder of lists.yaml, or correct its name."),
    Code("CONF051", "A list's file is not UTF-8", "Save it as CSV UTF-8; the place is that of the first wrong byte."),
    Code("CONF052", "The first line of a list does not name its columns", "Write: number,until,note"),
    Code("CONF053", "A line of a list that is no table line", "Write one value a column, and close quotes."),
    Code("CONF054", "Not a telephone number", "Write the digits, or the first digits and * for all that begin so."),
    Code("CONF055", "Not a date in a list", "Write year-month-day, for example 2026-12-24; empty = for ever."),
    Code("CONF056", "The same number twice in a list", "Delete one; the one that lasts longer counts.", warning=True),
    Code("CONF057", "A line of a list that no longer counts", "Delete it, or give it a later date.", warning=True),
    Code("CONF058", "A list that blocks and gives a segment", "Write `use` or `segment`, not both."),
    # --- Look-ups (lookups.yaml)
    Code("CONF060", "A look-up that asks nowhere, or in two places", "Write one of: get, post, file, database."),
    Code("CONF061", "An unknown parameter", "Correct its name, or declare it under `parameters`."),
    Code("CONF062", "Customers' data would cross the net readable by all", "Write https:// instead of http://."),
    Code("CONF063", "Something else than one SELECT", "Write one SELECT: look-ups change nothing."),
    Code("CONF064", "A parameter that is used nowhere", "Use it where the source is asked, or delete it."),
    Code(
        "CONF065",
        "A table that cannot be used now",
        "Put the file there, with the columns that are named; until then its look-ups fail.",
        warning=True,
    ),
    Code("CONF066", "A token that nobody fetches, or that nobody uses", "Write `sign in` and {token}, or neither."),
    Code("CONF067", "A secret in the configuration", "Write {secret NAME}; the secret stands in the file NAME.secret."),
    # --- Overrides
    Code("CONF080", "Two timetables with the same telephone code", "Give one of them another `telephone code`."),
    # --- Voicemail (voicemail.yaml)
    Code("CONF070", "E-mail without a server", "Add `mail:` with server and from in voicemail.yaml."),
    Code("CONF071", "A mailbox of whose messages nobody hears", "Add `extensions` or `e-mail`, or delete the mailbox."),
    Code("CONF072", "A password that everybody on the way can read", "Write `encryption: starttls` or `tls`."),
    # --- Tests of flows (NAME.test.yaml)
    Code("TEST001", "The caller hears something else", "Correct the flow, or what the test expects."),
    Code("TEST002", "The call ends differently", "Correct the flow, or what the test expects."),
    Code("TEST003", "The call passes other steps", "Correct the flow, or what the test expects."),
    Code("TEST004", "Nobody asks for a key of the test", "Delete the key, or correct the flow."),
    Code("TEST005", "A variable has another value", "Correct the flow, or what the test expects."),
    Code("TEST006", "The flow has a fault in this call", "Correct the flow: an administrator would be told of it."),
    Code("TEST011", "A setting or its value is missing", "Add it."),
    Code("TEST012", "An unknown setting", "Correct its name; the message tells the nearest one."),
    Code("TEST013", "A value of the wrong kind", "Write a text, a list or indented settings, as the message says."),
    Code("TEST014", "A value that is not possible", "Write one as in the message."),
    Code("TEST020", "A name that the site does not have", "Correct it; the message tells the nearest one."),
    Code("TEST021", "The test does not say what the call needs", "Add it below the call, as the message says."),
)

WARNINGS = frozenset(code.code for code in CODES if code.warning)
