// Embeddings, models, and the SDK's error classes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { client, user } from './sdk.mjs';

const sdk = client();

test('embeddings: the default encoding and floats give the same vectors', async () => {
  const asked = { model: 'embed', input: ['a', 'b'], dimensions: 16 };
  const byDefault = await sdk.embeddings.create(asked);
  const floats = await sdk.embeddings.create({ ...asked, encoding_format: 'float' });
  for (const [at, { embedding }] of byDefault.data.entries()) {
    assert.equal(embedding.length, 16);
    assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5);
    embedding.forEach((value, index) => assert.ok(Math.abs(value - floats.data[at].embedding[index]) < 1e-6));
  }
  assert.ok(byDefault.usage.total_tokens > 0);
});

test('models: list and retrieve', async () => {
  const ids = [];
  for await (const model of sdk.models.list()) ids.push(model.id);
  assert.ok(ids.includes('gpt-4o') && ids.includes('claude'));
  for (const name of ['gpt-4o', 'team/with:signs']) assert.equal((await sdk.models.retrieve(name)).id, name);
  await assert.rejects(sdk.models.retrieve('no-such-model'), (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found');
});

const refusals = [
  ['no-such-model', OpenAI.NotFoundError, 404, 'model_not_found', 'invalid_request_error'],
  ['rate-limited', OpenAI.RateLimitError, 429, 'provider_rate_limited', 'rate_limit_error'],
  ['claude-rate-limited', OpenAI.RateLimitError, 429, 'provider_rate_limited', 'rate_limit_error'],
  ['failing', OpenAI.InternalServerError, 503, 'provider_unavailable', 'upstream_error'],
  ['claude-overloaded', OpenAI.InternalServerError, 503, 'provider_unavailable', 'upstream_error'],
  ['locked-out', OpenAI.InternalServerError, 502, 'provider_auth_failed', 'upstream_error'],
  ['unknown-upstream', OpenAI.InternalServerError, 502, 'provider_model_not_found', 'upstream_error'],
  ['out-of-quota', OpenAI.InternalServerError, 503, 'provider_quota_exceeded', 'upstream_error'],
];

for (const [model, kind, status, code, type] of refusals) {
  for (const stream of [false, true]) {
    test(`errors: ${model}${stream ? ', streamed' : ''}`, async () => {
      await assert.rejects(sdk.chat.completions.create({ model, messages: [user('hello')], stream }), (error) => {
        assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
        assert.deepEqual([error.status, error.code, error.type], [status, code, type]);
        assert.ok(error.message);
        assert.ok(error.requestID);
        return true;
      });
    });
  }
}

test('errors: authentication', async () => {
  await assert.rejects(client('condt_wrong').models.list(), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.deepEqual([error.status, error.code, error.type], [401, 'invalid_api_key', 'authentication_error']);
    return true;
  });
});

test('errors: a bad request names the field, whoever refuses it', async () => {
  const refused = (more) => sdk.chat.completions.create({ model: 'gpt-4o', messages: [user('hello')], ...more });
  const names = (param) => (error) => error instanceof OpenAI.BadRequestError && error.param === param;
  await assert.rejects(refused({ messages: [] }), names('messages'));
  await assert.rejects(refused({ temperature: 3 }), names('temperature'));
});
