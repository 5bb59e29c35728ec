"""Chat over every provider: whole answers, structured output, images, reasoning, choices."""

import unittest

import pydantic
from sdk import CHAT_MODELS, PNG, REASONING_MEMBER, client, user


class Trip(pydantic.BaseModel):
    class Stop(pydantic.BaseModel):
        city: str
        nights: int

    title: str
    stops: list[Stop]
    guide: str | None


class Chat(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def test_whole_answer(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                reply = self.client.chat.completions.create(
                    model=model, messages=[{"role": "system", "content": "Be brief."}, user("hello")], max_tokens=2000
                )
                self.assertEqual(reply.object, "chat.completion")
                [choice] = reply.choices
                self.assertEqual((choice.message.role, choice.message.content, choice.finish_reason), ("assistant", "You said: hello", "stop"))
                self.assertGreater(reply.usage.prompt_tokens, 0)
                self.assertEqual(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens)

    def test_headers_of_a_raw_response(self):
        for model, provider, provider_model in (("gpt-4o", "openai-main", "gpt-4o"), ("claude", "anthropic-main", "claude-opus-5")):
            with self.subTest(model):
                raw = self.client.chat.completions.with_raw_response.create(model=model, messages=[user("hello")])
                self.assertTrue(raw.headers["x-request-id"])
                self.assertEqual(raw.headers["x-conduit-provider"], provider)
                self.assertEqual(raw.headers["x-conduit-model"], provider_model)
                self.assertEqual(raw.parse().choices[0].message.content, "You said: hello")

    def test_conversation_of_several_turns(self):
        turns = [user("first"), {"role": "assistant", "content": "You said: first"}, user("second"), user("third")]
        for model in CHAT_MODELS:
            with self.subTest(model):
                reply = self.client.chat.completions.create(model=model, messages=turns)
                self.assertIn("third", reply.choices[0].message.content)

    def test_stop_and_length(self):
        for model in ("gpt-4o", "llama", "claude-small"):
            with self.subTest(model):
                stopped = self.client.chat.completions.create(model=model, messages=[user("one two three")], stop=["two"])
                self.assertEqual((stopped.choices[0].message.content, stopped.choices[0].finish_reason), ("You said: one ", "stop"))
                short = self.client.chat.completions.create(model=model, messages=[user("one two three")], max_tokens=2)
                self.assertEqual((short.choices[0].message.content, short.choices[0].finish_reason), ("You said:", "length"))
                self.assertEqual(short.usage.completion_tokens, 2)

    def test_image(self):
        parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PNG}}]
        for model in ("gpt-4o", "groq-vision", "claude", "claude-small"):
            with self.subTest(model):
                reply = self.client.chat.completions.create(model=model, messages=[user(parts)])
                self.assertIn("I see image/png of 68 bytes.", reply.choices[0].message.content)

    def test_structured_output_with_the_parse_helper(self):
        for model in ("gpt-4o", "groq-reasoning", "claude", "claude-small"):
            with self.subTest(model):
                reply = self.client.chat.completions.parse(model=model, messages=[user("a trip")], response_format=Trip)
                trip = reply.choices[0].message.parsed
                self.assertIsInstance(trip, Trip)
                self.assertTrue(trip.title)
                self.assertEqual(len(trip.stops), 1)

    def test_json_object(self):
        for model in ("gpt-4o", "llama"):
            with self.subTest(model):
                reply = self.client.chat.completions.create(
                    model=model, messages=[user("Answer in JSON.")], response_format={"type": "json_object"}
                )
                self.assertEqual(reply.choices[0].message.content, '{"answer":"You said: Answer in JSON."}')

    def test_reasoning_is_counted(self):
        for model in ("openai-reasoning", "groq-reasoning", "claude"):
            with self.subTest(model):
                reply = self.client.chat.completions.create(
                    model=model, messages=[user("hello")], reasoning_effort="high", max_completion_tokens=4000
                )
                self.assertEqual(reply.choices[0].message.content, "You said: hello")
                reasoned = reply.usage.completion_tokens_details.reasoning_tokens
                self.assertGreater(reasoned, 0)
                self.assertGreater(reply.usage.completion_tokens, reasoned)

    def test_reasoning_is_shown_where_the_provider_shows_it(self):
        for model, member in REASONING_MEMBER.items():
            with self.subTest(model):
                reply = self.client.chat.completions.create(model=model, messages=[user("hello")], reasoning_effort="low", max_tokens=4000)
                self.assertTrue(getattr(reply.choices[0].message, member).startswith("The caller said: hello"))

    def test_limit_of_a_reasoning_model_under_its_old_name(self):
        reply = self.client.chat.completions.create(model="openai-reasoning", messages=[user("hello")], max_tokens=500)
        self.assertEqual(reply.choices[0].message.content, "You said: hello")

    def test_several_choices_and_logprobs(self):
        reply = self.client.chat.completions.create(model="gpt-4o", messages=[user("hello")], n=2, logprobs=True, top_logprobs=2, seed=7)
        self.assertEqual([choice.message.content for choice in reply.choices], ["You said: hello", "(choice 2) You said: hello"])
        tokens = reply.choices[0].logprobs.content
        self.assertEqual("".join(token.token for token in tokens), "You said: hello")
        self.assertEqual(len(tokens[0].top_logprobs), 2)

    def test_refusal(self):
        message = self.client.chat.completions.create(model="gpt-4o", messages=[user("please-refuse")]).choices[0].message
        self.assertIsNone(message.content)
        self.assertTrue(message.refusal)
        reply = self.client.chat.completions.create(model="claude", messages=[user("please-refuse")])
        self.assertEqual(reply.choices[0].finish_reason, "content_filter")


if __name__ == "__main__":
    unittest.main()
