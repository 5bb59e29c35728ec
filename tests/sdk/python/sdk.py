"""What the tests share: clients of the program under test, and things to say."""

import json
import os
import time
import urllib.request

import openai

BASE_URL = os.environ["SDK_BASE_URL"]
KEY = os.environ["SDK_KEY"]
SIMULATOR_URL = os.environ["SDK_SIMULATOR_URL"]

# One model of each provider; the same tests run over all of them.
CHAT_MODELS = ("gpt-4o", "llama", "claude", "claude-small")
# A picture of one pixel: 68 bytes of PNG.
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
TIME = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}},
}

# Where a provider shows its reasoning. Of a provider that speaks OpenAI's dialect the answer goes through as it is.
REASONING_MEMBER = {"groq-reasoning": "reasoning", "claude": "reasoning_content", "claude-small": "reasoning_content"}


def client(key=KEY, **more):
    return openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0, **more)


def async_client():
    return openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)


def user(content):
    return {"role": "user", "content": content}


def simulator_stats():
    with urllib.request.urlopen(SIMULATOR_URL + "/_stats", timeout=5) as answer:
        return json.load(answer)


def wait_for_cancel(before, within):
    """How long it takes until the provider sees the call go away; None when it does not."""
    begun = time.monotonic()
    while time.monotonic() - begun < within:
        if simulator_stats()["cancelled"] > before:
            return time.monotonic() - begun
        time.sleep(0.01)
    return None
