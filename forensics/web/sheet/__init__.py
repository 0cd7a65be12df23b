"""Write examinations as one page that a person can read without this program."""
