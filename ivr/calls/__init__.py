"""Calls as people look for them: searched in the records, living ones from the fold, one with its story.

`search`: pages of calls, newest first. `live`: what each living call does now (pure). `telling`: a call's story, from
the journal. `answers`: how a call is shown. `routes`: all of it over the API.
"""
