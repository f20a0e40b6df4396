"""Twenty questions, two for each chapter, each answer explained."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.lessons.learn.steps import Chapter, Task, choice

__all__ = ["QUESTIONS", "Question", "quiz"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. Each option has its words, and why it is right or not."""

    chapter: int
    asks: str
    options: tuple[tuple[str, str], ...]
    correct: int
    """The place of the right option, from 0."""
    hint: str

    def task(self) -> Task:
        """The same as a task of a chapter."""
        return choice(self.asks, self.options, correct=self.correct, hint=self.hint)


QUESTIONS = (
    Question(
        chapter=1,
        asks="In the code flow, on whose page is the password typed?",
        options=(
            ("the program's", "Then the program would have it."),
            ("the authority's", "And it goes to nobody else."),
            ("the API's", "The API sees tokens only."),
        ),
        correct=1,
        hint="Who knows the password already?",
    ),
    Question(
        chapter=1,
        asks="What is the front channel?",
        options=(
            ("requests of the program itself", "That is the back channel."),
            ("what passes through the browser", "And so is seen by the browser and its history."),
            (
                "an encrypted tunnel",
                "Both are encrypted, but for the redirect to http://localhost. That is not it.",
            ),
        ),
        correct=1,
        hint="What stands between program and authority there?",
    ),
    Question(
        chapter=2,
        asks="How does a slash stand in the value of scope in an address?",
        options=(
            ("%2F", "Once, and in every value."),
            ("%252F", "That is a slash that was encoded twice."),
            ("\\/", "That is JSON's way, not the address's."),
        ),
        correct=0,
        hint="A per cent sign and the number of the sign.",
    ),
    Question(
        chapter=2,
        asks="The redirect_uri in the address is not registered. What does the program hear?",
        options=(
            ("an error in the redirect", "There is no redirect: it would go to a stranger."),
            ("nothing", "The page stays in the browser (AADSTS50011)."),
            ("an error from the token endpoint", "It never comes to that."),
        ),
        correct=1,
        hint="Where would an answer have to be sent?",
    ),
    Question(
        chapter=3,
        asks="What is state for?",
        options=(
            ("it encrypts the code", "It encrypts nothing."),
            ("it ties the answer to the question", "A forged answer lacks it."),
            ("it tells the API who signed in", "The API never sees it."),
        ),
        correct=1,
        hint="Chapter 3, Mallory.",
    ),
    Question(
        chapter=3,
        asks="An error comes in a redirect, without the right state. What should happen?",
        options=(
            ("the sign-in ends with that error", "Then any page could end sign-ins."),
            ("it is ignored, the wait goes on", "Who sent it is not known."),
            ("the state is asked for again", "There is nobody to ask."),
        ),
        correct=1,
        hint="Could Mallory have sent it?",
    ),
    Question(
        chapter=4,
        asks="How often can a code be redeemed?",
        options=(
            ("once", "AS ENTRA: AADSTS54005 the second time."),
            ("for ten minutes, as often as you like", "Ten minutes, yes; but once."),
            ("until the token expires", "The two have nothing to do with each other."),
        ),
        correct=0,
        hint="What did the second request of chapter 4 get?",
    ),
    Question(
        chapter=4,
        asks="Is there a state in the token answer to be compared?",
        options=(
            ("yes", "RFC 6749 section 5.1 has none, and Entra sends none."),
            ("no", "The place to compare it is the redirect."),
        ),
        correct=1,
        hint="Look at the members of the answer.",
    ),
    Question(
        chapter=5,
        asks="What goes through the browser with PKCE?",
        options=(
            ("the verifier", "That would give the secret away."),
            ("the challenge", "The hash of the verifier; nobody can turn it back."),
            ("both", "Then there were no secret left."),
        ),
        correct=1,
        hint="One of them is worth nothing to a thief.",
    ),
    Question(
        chapter=5,
        asks="Against what does PKCE help?",
        options=(
            ("somebody who has read the code", "They lack the verifier."),
            ("somebody who has the access token", "The token opens the door by itself."),
            ("a wrong password", "The authority sees to that."),
        ),
        correct=0,
        hint="What is redeemed together with the verifier?",
    ),
    Question(
        chapter=6,
        asks="You have decoded a token. Is it genuine?",
        options=(
            ("yes", "Anybody can write a text that can be decoded."),
            ("not known before its signature is checked", "To decode is not to check."),
        ),
        correct=1,
        hint="Who could have made it?",
    ),
    Question(
        chapter=6,
        asks="For whom is the ID token?",
        options=(
            ("for the API", "Never send it there: it is no key."),
            ("for the program", "Its aud is the client id."),
            ("for the browser", "It is not meant for it."),
        ),
        correct=1,
        hint="Its aud?",
    ),
    Question(
        chapter=7,
        asks="What must the scope hold for a refresh token to come?",
        options=(
            ("openid", "That brings an ID token."),
            ("offline_access", "So the article's procedure, which lacks it, brings none."),
            (".default", "That is about the permissions."),
        ),
        correct=1,
        hint="It is about when nobody is there.",
    ),
    Question(
        chapter=7,
        asks="A refresh is answered with 429. Is the refresh token dead?",
        options=(
            ("yes, throw it away", "Then the person would have to sign in for nothing."),
            ("no, wait and try again", "Only an answer that says so makes it dead."),
        ),
        correct=1,
        hint="What does 429 say?",
    ),
    Question(
        chapter=8,
        asks="Where in the request does the access token go?",
        options=(
            ("Authorization: Bearer …", "RFC 6750 section 2.1."),
            ("?access_token=…", "Addresses are kept in too many places."),
            ("Cookie: token=…", "Cookies are for browsers."),
        ),
        correct=0,
        hint="One header.",
    ),
    Question(
        chapter=8,
        asks="A token for Graph is sent to Databricks. What should Databricks do?",
        options=(
            ("take it, it is from the same authority", "Then each API could act at every other."),
            ("refuse it: aud is another API", "And so it does."),
        ),
        correct=1,
        hint="To whom is it addressed?",
    ),
    Question(
        chapter=9,
        asks="What is the danger of the device code flow?",
        options=(
            ("the code can be guessed", "It is short-lived and long enough."),
            ("typing a code that somebody else made", "They get the token."),
            ("it has no refresh token", "It can have one."),
        ),
        correct=1,
        hint="Who holds the other half?",
    ),
    Question(
        chapter=9,
        asks="Why can the password flow not work with a second step?",
        options=(
            ("the password is too short", "It has nothing to do with that."),
            ("nobody can be asked in a single request", "That takes a browser."),
            ("Entra counts it as an attack", "It says interaction is required (AADSTS50076)."),
        ),
        correct=1,
        hint="Who would have to talk with the person?",
    ),
    Question(
        chapter=10,
        asks="By what should a program decide after an error?",
        options=(
            ("by the error's word and the suberror", "They are made for programs."),
            ("by the text of error_description", "It is for people, and changes."),
            ("by the length of the answer", "Hardly."),
        ),
        correct=0,
        hint="What is meant for programs?",
    ),
    Question(
        chapter=10,
        asks="AADSTS7000218 comes from the token endpoint. Who can put it right?",
        options=(
            ("the person, by signing in again", "They would get it again."),
            ("whoever owns the app registration", "The platform must be public client/native."),
            ("the API", "It has not been asked yet."),
        ),
        correct=1,
        hint="A secret was demanded of an app that has none.",
    ),
)


def quiz(chapter: int | None = None) -> Chapter:
    """The questions of all chapters, or of one, as a chapter of their own."""
    chosen = [each for each in QUESTIONS if chapter in (None, each.chapter)]
    return Chapter(
        number=0,
        title="Quiz" if chapter is None else f"Quiz of chapter {chapter}",
        minutes=len(chosen) // 2,
        in_short="Whatever was new: the chapter with that number has it at length.",
        steps=tuple(each.task() for each in chosen),
    )
