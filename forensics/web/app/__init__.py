"""The local web page: animate, examine and evaluate in a browser, for the person at this computer.

Needs the extra `app`. Nothing here decides anything about files: the tabs call the same functions as the commands.
"""
