"""Embeddings, models, and the SDK's error classes."""

import math
import unittest

import openai
from sdk import client, user


class Embeddings(unittest.TestCase):
    def test_the_default_encoding_and_floats_give_the_same_vectors(self):
        with client() as sdk:
            default = sdk.embeddings.create(model="embed", input=["a", "b"], dimensions=16)
            floats = sdk.embeddings.create(model="embed", input=["a", "b"], dimensions=16, encoding_format="float")
        for one, other in zip(default.data, floats.data, strict=True):
            self.assertEqual(len(one.embedding), 16)
            self.assertAlmostEqual(math.hypot(*one.embedding), 1, places=5)
            for left, right in zip(one.embedding, other.embedding, strict=True):
                self.assertAlmostEqual(left, right, places=6)
        self.assertNotEqual(default.data[0].embedding, default.data[1].embedding)
        self.assertGreater(default.usage.total_tokens, 0)


class Models(unittest.TestCase):
    def test_list_and_retrieve(self):
        with client() as sdk:
            listed = {model.id: model for model in sdk.models.list()}
            self.assertIn("gpt-4o", listed)
            self.assertIn("claude", listed)
            for name in ("gpt-4o", "team/with:signs"):
                model = sdk.models.retrieve(name)
                self.assertEqual((model.id, model.object), (name, "model"))
            with self.assertRaises(openai.NotFoundError) as caught:
                sdk.models.retrieve("no-such-model")
            self.assertEqual(caught.exception.code, "model_not_found")


class Errors(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(self.client.close)

    def ask(self, model="gpt-4o", sdk=None, **more):
        return (sdk or self.client).chat.completions.create(**{"model": model, "messages": [user("hello")], **more})

    def refused(self, error, status, code, kind, model="gpt-4o", sdk=None, **more):
        """Both forms of the call are refused alike; returns the refusal of the stream."""
        for stream in (False, True):
            with self.subTest(model=model, stream=stream):
                with self.assertRaises(error) as caught:
                    self.ask(model, sdk, stream=stream, **more)
                refusal = caught.exception
                self.assertEqual((refusal.status_code, refusal.code, refusal.type), (status, code, kind))
                self.assertTrue(refusal.body["message"])
                self.assertTrue(refusal.request_id)
                last = refusal
        return last

    def test_authentication(self):
        with client(key="condt_wrong") as sdk:
            self.refused(openai.AuthenticationError, 401, "invalid_api_key", "authentication_error", sdk=sdk)

    def test_not_found(self):
        self.refused(openai.NotFoundError, 404, "model_not_found", "invalid_request_error", model="no-such-model")

    def test_bad_request_by_the_gateway_names_the_field(self):
        refusal = self.refused(openai.BadRequestError, 400, None, "invalid_request_error", messages=[])
        self.assertEqual(refusal.param, "messages")

    def test_bad_request_by_the_provider_is_passed_on(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.ask(temperature=3)
        self.assertEqual(caught.exception.param, "temperature")
        self.assertIn("decimal above maximum value", caught.exception.message)

    def test_rate_limit(self):
        for model in ("rate-limited", "claude-rate-limited"):
            refusal = self.refused(openai.RateLimitError, 429, "provider_rate_limited", "rate_limit_error", model=model)
            self.assertEqual(refusal.response.headers["retry-after"], "7")

    def test_errors_of_the_provider(self):
        for model, status, code in (
            ("failing", 503, "provider_unavailable"),
            ("claude-overloaded", 503, "provider_unavailable"),
            ("locked-out", 502, "provider_auth_failed"),
            ("unknown-upstream", 502, "provider_model_not_found"),
            ("out-of-quota", 503, "provider_quota_exceeded"),
        ):
            refusal = self.refused(openai.InternalServerError, status, code, "upstream_error", model=model)
            self.assertNotIn("not-a-key", str(refusal.body))
        self.assertEqual(refusal.response.headers["x-should-retry"], "false")

    def test_an_unknown_route(self):
        with self.assertRaises(openai.APIStatusError) as caught:
            self.client.moderations.create(input="x")
        self.assertIn(caught.exception.status_code, (400, 404, 405, 501))
        self.assertTrue(caught.exception.body["message"])


if __name__ == "__main__":
    unittest.main()
