// What the tests share: clients of the program under test, and things to say.

import OpenAI from 'openai';

export const SIMULATOR_URL = process.env.SDK_SIMULATOR_URL;

// One model of each provider; the same tests run over all of them.
export const CHAT_MODELS = ['gpt-4o', 'llama', 'claude', 'claude-small'];

// A picture of one pixel: 68 bytes of PNG.
export const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=';

export const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

export const TIME = {
  type: 'function',
  function: { name: 'get_time', parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] } },
};

export const client = (apiKey = process.env.SDK_KEY) => new OpenAI({ baseURL: process.env.SDK_BASE_URL, apiKey, maxRetries: 0 });

export const user = (content) => ({ role: 'user', content });

export async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

export const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

export const simulatorStats = async () => (await fetch(`${SIMULATOR_URL}/_stats`)).json();

// How many milliseconds it takes until the provider sees the call go away.
export async function waitForCancel(before, within) {
  const begun = performance.now();
  while (performance.now() - begun < within) {
    if ((await simulatorStats()).cancelled > before) return performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the provider was not told that the client went away');
}
