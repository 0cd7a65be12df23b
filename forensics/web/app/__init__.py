"""Serve the local web page: animate, examine and evaluate in a browser, for the user of this computer.

The page needs the extra `app`. It decides nothing about files: the tabs call the same functions as the commands.
"""
