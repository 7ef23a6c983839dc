"""Who has an account in the tests: name and password of an editor and of a reader."""

EDITOR, READER = ("eva", "correct horse battery"), ("rita", "staple of the readers")
