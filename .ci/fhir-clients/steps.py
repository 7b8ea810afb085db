"""What a client does, step by step: one that fails is told and does not hide those after it."""

import contextlib


class Steps:
    def __init__(self, client):
        self.client, self.done, self.failed = client, 0, []

    @contextlib.contextmanager
    def step(self, words):
        try:
            yield
            self.done += 1
        except Exception as error:  # whatever a client makes of an answer
            self.failed.append(words)
            told = str(error) or repr(error)
            print(f"fhir-clients: {self.client}: {words}: {type(error).__name__}: {told[:600]}")

    @contextlib.contextmanager
    def refused(self, words, kind, text=""):
        """A step that must end in the client's own error of that kind."""
        with self.step(words):
            try:
                yield
            except kind as error:
                assert text in str(error), f"{text!r} is not in {error}"
                return
            raise AssertionError("it was not refused")
