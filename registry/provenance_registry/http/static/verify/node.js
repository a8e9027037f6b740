// Asking a node: one JSON-RPC request at a time by `fetch`, its answers treated as hostile.

import {Unanswered} from './errors.js';

const MAX_ANSWER = 4 * 2 ** 20; // Bytes: the event of the largest anchor takes 1 MB, a node that sends for ever has no say.
const PATIENCE = 20000; // Milliseconds.

let last = 0;

/** The node's own error: it was asked and refuses; `data` is what a contract that reverts gives as its reason. */
export class Refused extends Unanswered {
  constructor(error) {
    super('the node refuses');
    const {data} = Object(error), told = data && typeof data === 'object' ? data.data : data; // Hardhat's node nests it.
    this.data = typeof told === 'string' ? told.toLowerCase() : '';
  }
}

/** Returns what asks the node at `url`: `request(method, params)`, whose result is any JSON; throws `Unanswered`. */
export function connect(url, fetch) {
  return async function request(method, params) {
    const id = last += 1;
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), PATIENCE);
    let answer;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {'content-type': 'application/json'},
        body: JSON.stringify({jsonrpc: '2.0', id, method, params}),
        cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', signal: stop.signal,
      });
      answer = response.status === 200 ? JSON.parse(await bounded(response)) : null;
    } catch(error) {
      throw new Unanswered(`the node gives no answer: ${error && error.message}`);
    } finally {
      clearTimeout(timer);
    }
    if(!answer || typeof answer !== 'object' || answer.id !== id) { throw new Unanswered('the node answers something else'); }
    if(answer.error !== undefined && answer.error !== null) { throw new Refused(answer.error); }
    if(answer.result === undefined) { throw new Unanswered('the node gives no result'); }
    return answer.result;
  };
}

async function bounded(response) {
  const reader = response.body.getReader(), decoder = new TextDecoder('utf-8', {fatal: true});
  let text = '', length = 0;
  for(;;) {
    const {done, value} = await reader.read();
    if(done) { return text + decoder.decode(); }
    length += value.length;
    if(length > MAX_ANSWER) {
      reader.cancel().catch(() => {});
      throw new Unanswered('the answer is too long');
    }
    text += decoder.decode(value, {stream: true});
  }
}
