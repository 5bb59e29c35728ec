// Chat over every provider: whole answers, streams, structured output, images, reasoning.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { CHAT_MODELS, PNG, client, collect, simulatorStats, textOf, user, waitForCancel } from './sdk.mjs';

const sdk = client();
const ask = (model, more = {}) => sdk.chat.completions.create({ model, messages: [user('hello')], ...more });

for (const model of CHAT_MODELS) {
  test(`${model}: whole answer`, async () => {
    const reply = await ask(model, { messages: [{ role: 'system', content: 'Be brief.' }, user('hello')], max_tokens: 2000 });
    assert.equal(reply.choices[0].message.content, 'You said: hello');
    assert.equal(reply.choices[0].finish_reason, 'stop');
    assert.ok(reply.usage.prompt_tokens > 0);
    assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
  });

  test(`${model}: stream without usage`, async () => {
    const chunks = await collect(await ask(model, { stream: true }));
    assert.equal(textOf(chunks), 'You said: hello');
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    assert.ok(chunks.every((chunk) => chunk.choices.length > 0), 'the usage chunk that nobody asked for');
    assert.deepEqual(chunks.map((chunk) => chunk.choices[0].finish_reason).filter(Boolean), ['stop']);
  });

  test(`${model}: stream with usage`, async () => {
    const chunks = await collect(await ask(model, { stream: true, stream_options: { include_usage: true } }));
    const last = chunks.at(-1);
    assert.equal(textOf(chunks), 'You said: hello');
    assert.deepEqual(last.choices, []);
    const whole = await ask(model);
    assert.equal(last.usage.prompt_tokens, whole.usage.prompt_tokens);
    assert.equal(last.usage.completion_tokens, whole.usage.completion_tokens);
  });

  test(`${model}: stream helper`, async () => {
    const stream = sdk.chat.completions.stream({ model, messages: [user('hello')] });
    assert.equal(await stream.finalContent(), 'You said: hello');
  });
}

const Trip = z.object({ title: z.string(), stops: z.array(z.object({ city: z.string(), nights: z.number() })), guide: z.string().nullable() });

for (const model of ['gpt-4o', 'groq-reasoning', 'claude', 'claude-small']) {
  test(`${model}: structured output with the parse helper`, async () => {
    const reply = await sdk.chat.completions.parse({ model, messages: [user('a trip')], response_format: zodResponseFormat(Trip, 'trip') });
    const trip = reply.choices[0].message.parsed;
    assert.ok(trip.title);
    assert.equal(trip.stops.length, 1);
  });
}

for (const model of ['gpt-4o', 'groq-vision', 'claude', 'claude-small']) {
  test(`${model}: image`, async () => {
    const parts = [{ type: 'text', text: 'What is this?' }, { type: 'image_url', image_url: { url: PNG } }];
    const reply = await ask(model, { messages: [user(parts)] });
    assert.match(reply.choices[0].message.content, /I see image\/png of 68 bytes\./);
  });
}

for (const model of ['openai-reasoning', 'groq-reasoning', 'claude']) {
  test(`${model}: reasoning is counted`, async () => {
    const reply = await ask(model, { reasoning_effort: 'high', max_completion_tokens: 4000 });
    assert.equal(reply.choices[0].message.content, 'You said: hello');
    assert.ok(reply.usage.completion_tokens_details.reasoning_tokens > 0);
  });
}

test('several choices and logprobs', async () => {
  const reply = await ask('gpt-4o', { n: 2, logprobs: true, top_logprobs: 2 });
  assert.deepEqual(reply.choices.map((choice) => choice.message.content), ['You said: hello', '(choice 2) You said: hello']);
  assert.equal(reply.choices[0].logprobs.content.map((token) => token.token).join(''), 'You said: hello');
});

// R8: within 500 ms on every route.
for (const model of ['slow-stream', 'claude-slow-stream']) {
  test(`${model}: a client that goes away cancels the provider`, async () => {
    const before = (await simulatorStats()).cancelled;
    const stream = await ask(model, { stream: true });
    for await (const chunk of stream) {
      assert.ok(chunk.id);
      break; // leaving the loop aborts the request
    }
    assert.ok((await waitForCancel(before, 3000)) < 500);
  });
}

test('an aborted call rejects and is cancelled', async () => {
  const before = (await simulatorStats()).cancelled;
  const stream = await sdk.chat.completions.create({ model: 'slow-stream', messages: [user('hello')], stream: true });
  setTimeout(() => stream.controller.abort(), 150);
  await collect(stream);
  assert.ok((await waitForCancel(before, 3000)) < 500);
});

// R13, R15: a stream that breaks never ends in order.
for (const model of ['cut', 'unfinished', 'claude-cut', 'claude-error']) {
  test(`${model}: a stream that breaks is an error`, async () => {
    const finishes = [];
    await assert.rejects(async () => {
      for await (const chunk of await ask(model, { messages: [user('one two three four five')], stream: true })) {
        if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
      }
    });
    assert.deepEqual(finishes, []);
  });
}
