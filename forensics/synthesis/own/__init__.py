"""Make a labelled corpus of a user's own pictures and clips.

A walk from top to bottom: `inventory` lists the files and the people in them; `reading` opens and tracks them;
`dealing` divides people into splits and pairs them; `forging` makes one forgery; `making` does all of it, and `receipt`
says what happened to each file.
"""
