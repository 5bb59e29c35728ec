"""Tools over every provider: parallel calls, results, forced choice, streams."""

import json
import unittest

from sdk import CHAT_MODELS, TIME, WEATHER, client, user


class Tools(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def check_calls(self, calls):
        self.assertEqual([call.function.name for call in calls], ["get_weather", "get_time"])
        self.assertEqual(len({call.id for call in calls}), 2)
        self.assertEqual([list(json.loads(call.function.arguments)) for call in calls], [["city"], ["zone"]])

    def test_round_trip_with_parallel_calls(self):
        for model in (*CHAT_MODELS, "groq-reasoning"):
            with self.subTest(model):
                turns = [user("Call both: get_weather and get_time.")]
                first = self.client.chat.completions.create(model=model, messages=turns, tools=[WEATHER, TIME])
                self.assertEqual(first.choices[0].finish_reason, "tool_calls")
                message = first.choices[0].message
                self.check_calls(message.tool_calls)
                # As the SDK gives it, with whatever the provider wants back (signatures of reasoning).
                turns.append(message.model_dump(exclude_none=True))
                for call, result in zip(message.tool_calls, ("sunny", "noon")):
                    turns.append({"role": "tool", "tool_call_id": call.id, "content": result})
                second = self.client.chat.completions.create(model=model, messages=turns, tools=[WEATHER, TIME])
                self.assertEqual(second.choices[0].message.content, "The tools said: sunny; noon")
                self.assertEqual(second.choices[0].finish_reason, "stop")

    def test_round_trip_with_shown_reasoning(self):
        for model in ("claude", "claude-small"):
            with self.subTest(model):
                asked = {"model": model, "tools": [WEATHER], "reasoning_effort": "medium", "max_tokens": 8000}
                turns = [user("get_weather")]
                message = self.client.chat.completions.create(messages=turns, **asked).choices[0].message
                self.assertTrue(message.reasoning_content)
                turns.append(message.model_dump(exclude_none=True))
                turns.append({"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"})
                second = self.client.chat.completions.create(messages=turns, **asked)
                self.assertEqual(second.choices[0].message.content, "The tools said: sunny")

    def test_stream_with_parallel_calls(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                with self.client.chat.completions.stream(
                    model=model, messages=[user("Call both: get_weather and get_time.")], tools=[WEATHER, TIME]
                ) as stream:
                    final = stream.get_final_completion()
                self.assertEqual(final.choices[0].finish_reason, "tool_calls")
                self.check_calls(final.choices[0].message.tool_calls)

    def test_tool_choice(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                ask = lambda choice: self.client.chat.completions.create(  # noqa: E731
                    model=model, messages=[user("hello")], tools=[WEATHER, TIME], tool_choice=choice
                ).choices[0].message
                named = ask({"type": "function", "function": {"name": "get_time"}})
                self.assertEqual([call.function.name for call in named.tool_calls], ["get_time"])
                self.assertEqual(len(ask("required").tool_calls), 1)
                self.assertIsNone(ask("none").tool_calls)

    def test_one_call_at_a_time(self):
        for model in CHAT_MODELS:
            with self.subTest(model):
                reply = self.client.chat.completions.create(
                    model=model, messages=[user("Call both: get_weather and get_time.")], tools=[WEATHER, TIME], parallel_tool_calls=False
                )
                self.assertEqual(len(reply.choices[0].message.tool_calls), 1)


if __name__ == "__main__":
    unittest.main()
