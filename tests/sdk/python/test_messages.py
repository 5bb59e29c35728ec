"""The official Anthropic SDK over every provider: text, streams, tools, images, thinking, errors."""

import unittest

import anthropic
from sdk import BASE_URL, KEY, PNG, user

# One model of each provider; the same tests run over all of them.
MODELS = ("claude", "claude-small", "gpt-4o", "llama")
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TIME = {"name": "get_time", "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}}
BOTH = user("Call both: get_weather and get_time.")


def client(**more):
    return anthropic.Anthropic(base_url=BASE_URL.removesuffix("/v1"), api_key=KEY, max_retries=0, **more)


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


class Messages(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def ask(self, model, *turns, **more):
        return self.client.messages.create(**{"model": model, "messages": list(turns), "max_tokens": 2000, **more})

    def test_whole_answer(self):
        for model in MODELS:
            with self.subTest(model):
                message = self.ask(model, user("hello"), system="Be brief.")
                self.assertEqual((message.type, message.role, message.stop_reason), ("message", "assistant", "end_turn"))
                self.assertEqual(text_of(message), "You said: hello")
                self.assertGreater(message.usage.input_tokens, 0)
                self.assertGreater(message.usage.output_tokens, 0)

    def test_stop_and_length(self):
        for model in ("claude-small", "gpt-4o", "llama"):
            with self.subTest(model):
                stopped = self.ask(model, user("one two three"), stop_sequences=["two"])
                self.assertEqual(text_of(stopped).strip(), "You said: one")
                short = self.ask(model, user("one two three"), max_tokens=2)
                self.assertEqual((text_of(short), short.stop_reason), ("You said:", "max_tokens"))

    def test_stream(self):
        for model in MODELS:
            with self.subTest(model):
                with self.client.messages.stream(model=model, messages=[user("hello there")], max_tokens=2000) as stream:
                    pieces = list(stream.text_stream)
                    message = stream.get_final_message()
                self.assertEqual("".join(pieces), "You said: hello there")
                self.assertEqual((text_of(message), message.stop_reason), ("You said: hello there", "end_turn"))
                self.assertGreater(message.usage.output_tokens, 0)

    def test_order_of_events(self):
        for model in MODELS:
            with self.subTest(model):
                with self.client.messages.create(model=model, messages=[user("hello")], max_tokens=2000, stream=True) as events:
                    kinds = [event.type for event in events]
                self.assertEqual((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))
                self.assertEqual(kinds.count("content_block_start"), kinds.count("content_block_stop"))

    def check_calls(self, message):
        calls = [block for block in message.content if block.type == "tool_use"]
        self.assertEqual(message.stop_reason, "tool_use")
        self.assertEqual([call.name for call in calls], ["get_weather", "get_time"])
        self.assertEqual([list(call.input) for call in calls], [["city"], ["zone"]])
        self.assertEqual(len({call.id for call in calls}), 2)
        return calls

    def test_round_trip_with_parallel_tools(self):
        for model in MODELS:
            with self.subTest(model):
                first = self.ask(model, BOTH, tools=[WEATHER, TIME])
                calls = self.check_calls(first)
                results = [
                    {"type": "tool_result", "tool_use_id": call.id, "content": result} for call, result in zip(calls, ("sunny", "noon"))
                ]
                second = self.ask(model, BOTH, {"role": "assistant", "content": first.content}, user(results), tools=[WEATHER, TIME])
                self.assertEqual((text_of(second), second.stop_reason), ("The tools said: sunny; noon", "end_turn"))

    def test_streamed_tools(self):
        for model in MODELS:
            with self.subTest(model):
                with self.client.messages.stream(model=model, messages=[BOTH], tools=[WEATHER, TIME], max_tokens=2000) as stream:
                    self.check_calls(stream.get_final_message())

    def test_image(self):
        data = PNG.removeprefix("data:image/png;base64,")
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
        for model in ("claude", "gpt-4o", "groq-vision"):
            with self.subTest(model):
                message = self.ask(model, user([image, {"type": "text", "text": "What is this?"}]))
                self.assertIn("I see image/png of 68 bytes.", text_of(message))

    def test_thinking(self):
        enabled = {"type": "enabled", "budget_tokens": 2000}
        for model, thinking in (("claude-small", enabled), ("claude", {"type": "adaptive", "display": "summarized"}), ("groq-reasoning", enabled)):
            with self.subTest(model):
                asked = {"tools": [WEATHER], "max_tokens": 8000, "thinking": thinking}
                first = self.ask(model, user("get_weather"), **asked)
                kinds = [block.type for block in first.content]
                self.assertEqual((kinds[0], kinds[-1]), ("thinking", "tool_use"))
                self.assertTrue(first.content[0].thinking)
                result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "sunny"}
                second = self.ask(model, user("get_weather"), {"role": "assistant", "content": first.content}, user([result]), **asked)
                self.assertEqual(text_of(second), "The tools said: sunny")

    def test_streamed_thinking(self):
        for model in ("claude-small", "groq-reasoning"):
            with self.subTest(model):
                thinking = {"type": "enabled", "budget_tokens": 2000}
                with self.client.messages.stream(model=model, messages=[user("hello")], max_tokens=8000, thinking=thinking) as stream:
                    message = stream.get_final_message()
                self.assertEqual([block.type for block in message.content], ["thinking", "text"])
                self.assertEqual(text_of(message), "You said: hello")

    def test_errors(self):
        for model, kind, status in (
            ("nobody", anthropic.NotFoundError, 404),
            ("rate-limited", anthropic.RateLimitError, 429),
            ("claude-rate-limited", anthropic.RateLimitError, 429),
            ("failing", anthropic.InternalServerError, 503),
            ("claude-overloaded", anthropic.InternalServerError, 503),
        ):
            with self.subTest(model):
                with self.assertRaises(anthropic.APIStatusError) as raised:
                    self.ask(model, user("hello"))
                self.assertIsInstance(raised.exception, kind)
                self.assertEqual((raised.exception.status_code, raised.exception.body["type"]), (status, "error"))
        with self.assertRaises(anthropic.AuthenticationError):
            client().with_options(api_key="sdk-unknown-key-of-nobody").messages.create(model="claude", messages=[user("hello")], max_tokens=9)

    def test_a_stream_that_is_cut_is_an_error(self):
        for model in ("cut", "claude-cut", "claude-error"):
            with self.subTest(model):
                with self.assertRaises(anthropic.APIError):
                    with self.client.messages.stream(model=model, messages=[user("one two three four five")], max_tokens=2000) as stream:
                        stream.get_final_message()


if __name__ == "__main__":
    unittest.main()
