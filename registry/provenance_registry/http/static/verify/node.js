// Asking a node: one JSON-RPC request at a time by `fetch`, its answers treated as hostile.

import {Unanswered} from './errors.js';
import {fetched} from './fetched.js';

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
    let answer;
    try {
      const bytes = await fetched(url, {
        limit: MAX_ANSWER,
        patience: PATIENCE,
        fetch,
        method: 'POST',
        headers: {'content-type': 'application/json'},
        body: JSON.stringify({jsonrpc: '2.0', id, method, params}),
      });
      answer = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
    } catch(error) {
      throw new Unanswered(`the node gives no answer: ${error && error.message}`);
    }
    if(!answer || typeof answer !== 'object' || answer.id !== id) { throw new Unanswered('the node answers something else'); }
    if(answer.error !== undefined && answer.error !== null) { throw new Refused(answer.error); }
    if(answer.result === undefined) { throw new Unanswered('the node gives no result'); }
    return answer.result;
  };
}
