"""Streams over every provider: order, usage, helpers, asynchronous use, cancelling, and streams that end badly."""

import asyncio
import unittest

import openai
from sdk import CHAT_MODELS, REASONING_MEMBER, async_client, client, simulator_stats, user, wait_for_cancel


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


class Stream(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def test_without_usage(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                chunks = list(self.client.chat.completions.create(model=model, messages=[user("hello")], stream=True))
                self.assertEqual(text_of(chunks), "You said: hello")
                self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
                finishes = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
                self.assertEqual(finishes, ["stop"])
                self.assertTrue(all(chunk.choices for chunk in chunks), "the usage chunk that nobody asked for")

    def test_with_usage(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                options = {"include_usage": True}
                chunks = list(self.client.chat.completions.create(model=model, messages=[user("hello")], stream=True, stream_options=options))
                self.assertEqual(text_of(chunks), "You said: hello")
                self.assertEqual(chunks[-1].choices, [])
                usage = chunks[-1].usage
                self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
                whole = self.client.chat.completions.create(model=model, messages=[user("hello")])
                self.assertEqual((usage.prompt_tokens, usage.completion_tokens), (whole.usage.prompt_tokens, whole.usage.completion_tokens))

    def test_stream_helper(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                with self.client.chat.completions.stream(model=model, messages=[user("hello")]) as stream:
                    deltas = [event.delta for event in stream if event.type == "content.delta"]
                    final = stream.get_final_completion()
                self.assertEqual("".join(deltas), "You said: hello")
                self.assertEqual(final.choices[0].message.content, "You said: hello")
                self.assertEqual(final.choices[0].finish_reason, "stop")

    def test_reasoning_deltas(self):
        for model, member in REASONING_MEMBER.items():
            with self.subTest(model):
                chunks = list(
                    self.client.chat.completions.create(
                        model=model, messages=[user("hello")], stream=True, reasoning_effort="low", max_tokens=4000
                    )
                )
                reasoning = "".join(getattr(chunk.choices[0].delta, member, None) or "" for chunk in chunks if chunk.choices)
                self.assertTrue(reasoning.startswith("The caller said: hello"))
                self.assertEqual(text_of(chunks), "You said: hello")

    def test_asynchronous(self):
        async def ask(model):
            async with async_client() as client:
                stream = await client.chat.completions.create(model=model, messages=[user("hello")], stream=True)
                streamed = text_of([chunk async for chunk in stream])
                whole = await client.chat.completions.create(model=model, messages=[user("hello")])
                return streamed, whole.choices[0].message.content

        async def ask_all():
            return await asyncio.gather(*(ask(model) for model in CHAT_MODELS * 5))

        self.assertEqual(set(asyncio.run(ask_all())), {("You said: hello", "You said: hello")})

    def test_a_client_that_goes_away_cancels_the_provider(self):
        """R8: within 500 ms on every route."""
        for model in ("slow-stream", "claude-slow-stream"):
            with self.subTest(model):
                before = simulator_stats()["cancelled"]
                stream = self.client.chat.completions.create(model=model, messages=[user("hello")], stream=True)
                next(iter(stream))
                stream.close()
                took = wait_for_cancel(before, within=3)
                self.assertIsNotNone(took, "the provider's stream went on")
                self.assertLess(took, 0.5)

    def test_a_whole_answer_that_takes_too_long_for_the_client_is_cancelled(self):
        before = simulator_stats()["cancelled"]
        with self.assertRaises(openai.APITimeoutError):
            self.client.with_options(timeout=0.5).chat.completions.create(model="slow-answer", messages=[user("hello")])
        took = wait_for_cancel(before, within=3)
        self.assertIsNotNone(took, "the provider went on thinking")
        self.assertLess(took, 0.5)

    def test_an_asynchronous_task_that_is_cancelled(self):
        async def ask():
            async with async_client() as client:
                stream = await client.chat.completions.create(model="slow-stream", messages=[user("hello")], stream=True)
                async for _ in stream:
                    pass

        async def cancel():
            task = asyncio.create_task(ask())
            await asyncio.sleep(0.5)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        before = simulator_stats()["cancelled"]
        asyncio.run(cancel())
        took = wait_for_cancel(before, within=3)
        self.assertIsNotNone(took, "the provider's stream went on")
        self.assertLess(took, 0.5)

    def test_a_stream_that_breaks_is_an_error(self):
        """R13, R15: never an end in order."""
        for model in ("cut", "unfinished", "claude-cut", "claude-error"):
            with self.subTest(model):
                chunks = []
                with self.assertRaises(openai.APIError):
                    for chunk in self.client.chat.completions.create(model=model, messages=[user("one two three four five")], stream=True):
                        chunks.append(chunk)
                finishes = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
                self.assertEqual(finishes, [])


if __name__ == "__main__":
    unittest.main()
