"""A local page on which a person reviews doubtful readings by keyboard.

`server` starts and ends it, `app` has its addresses, `guard` keeps strangers out, `views` says
what the page is told, `pictures` cuts crops out of scans. Decisions are the store's.
"""
