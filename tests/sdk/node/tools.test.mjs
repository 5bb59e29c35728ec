// Tools over every provider: parallel calls, results, forced choice, streams.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT_MODELS, TIME, WEATHER, client, user } from './sdk.mjs';

const sdk = client();
const both = user('Call both: get_weather and get_time.');
const tools = [WEATHER, TIME];

function checkCalls(calls) {
  assert.deepEqual(calls.map((call) => call.function.name), ['get_weather', 'get_time']);
  assert.deepEqual(calls.map((call) => Object.keys(JSON.parse(call.function.arguments))), [['city'], ['zone']]);
  assert.notEqual(calls[0].id, calls[1].id);
}

for (const model of [...CHAT_MODELS, 'groq-reasoning']) {
  test(`${model}: round trip with parallel calls`, async () => {
    const first = await sdk.chat.completions.create({ model, messages: [both], tools });
    assert.equal(first.choices[0].finish_reason, 'tool_calls');
    const message = first.choices[0].message;
    checkCalls(message.tool_calls);
    const results = message.tool_calls.map((call, at) => ({ role: 'tool', tool_call_id: call.id, content: ['sunny', 'noon'][at] }));
    const second = await sdk.chat.completions.create({ model, messages: [both, message, ...results], tools });
    assert.equal(second.choices[0].message.content, 'The tools said: sunny; noon');
  });
}

for (const model of CHAT_MODELS) {
  test(`${model}: stream with parallel calls`, async () => {
    const final = await sdk.chat.completions.stream({ model, messages: [both], tools }).finalChatCompletion();
    assert.equal(final.choices[0].finish_reason, 'tool_calls');
    checkCalls(final.choices[0].message.tool_calls);
  });

  test(`${model}: the tool runner calls functions and answers`, async () => {
    const called = [];
    const runner = sdk.chat.completions.runTools({
      model,
      messages: [user('get_weather')],
      tools: [{ type: 'function', function: { ...WEATHER.function, parse: JSON.parse, function: (input) => (called.push(input), 'sunny') } }],
    });
    assert.equal(await runner.finalContent(), 'The tools said: sunny');
    assert.deepEqual(called, [{ city: 'city 1' }]);
  });

  test(`${model}: tool choice`, async () => {
    const ask = async (choice) =>
      (await sdk.chat.completions.create({ model, messages: [user('hello')], tools, tool_choice: choice })).choices[0].message;
    const named = await ask({ type: 'function', function: { name: 'get_time' } });
    assert.deepEqual(named.tool_calls.map((call) => call.function.name), ['get_time']);
    assert.equal((await ask('required')).tool_calls.length, 1);
    assert.equal((await ask('none')).tool_calls, undefined);
  });
}
