// The ledger through several nodes that must agree: nodes that know nothing of each other cannot agree on a lie.

import {Unanswered} from './errors.js';
import {openLedger} from './ledger.js';
import {connect} from './node.js';

const MAX_LAG = 120n; // Seconds: how old a block may be that a node does not know yet.

/** Opens the policy's ledger at the first node that answers, or at all of those of which `agreeing` must agree. */
export async function open({ledger, nodes, agreeing}, fetch) {
  const different = [...new Map(nodes.map(url => [serverOf(url), url])).values()];
  if(agreeing > 1) {
    const opened = await answers(different, url => openLedger(connect(url, fetch), ledger));
    return quorum(enough(opened, agreeing).map(([, node]) => node), agreeing);
  }
  for(const url of nodes) {
    try {
      return await openLedger(connect(url, fetch), ledger);
    } catch(error) {
      if(!(error instanceof Unanswered)) { throw error; }
    }
  }
  throw new Unanswered('no node answers');
}

/**
 * What two spellings of one server's address have in common: scheme, host, port and path.
 *
 * The host's case, a dot at its end, other spellings of IPv4 addresses (which URL reads), IPv4 inside IPv6 and the names of
 * this machine are spellings; user names, queries and fragments are whatever one likes. That two host names are of one machine, nobody can tell.
 */
export function serverOf(url) {
  let parts;
  try {
    parts = new URL(url);
  } catch(error) {
    return url;
  }
  const {protocol, hostname, port, pathname} = parts;
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) || [];
  const halves = high && [high, low].map(half => parseInt(half, 16)).flatMap(half => [half >> 8, half & 255]);
  const plain = pathname.replace(/%([0-7][0-9a-f])/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
  const steps = [];
  for(const step of plain.split('/').filter(part => part && part !== '.')) {
    if(step === '..') { steps.pop(); } else { steps.push(step); }
  }
  const host = halves ? halves.join('.') : hostname.replace(/\.$/, '');
  const isLocal = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.*\.)?localhost)$/.test(host);
  return `${protocol}//${isLocal ? 'localhost' : host}:${port}/${steps.join('/')}`;
}

/** What `openLedger` returns, over `nodes`: all that answer are heard, and one that differs is enough to believe none. */
function quorum(nodes, agreeing) {
  const ask = async (question, asked = nodes) => enough(await answers(asked, question), agreeing);
  const agreed = async (question, asked) => same((await ask(question, asked)).map(([, answer]) => answer));
  return {
    /**
     * The newest block that all know. One that lags for long would hide what came since, and does not count: how old the block
     * is that it lacks, all tell that claim to know it, and the earliest time counts. Nor does one that shows no such block.
     */
    async head() {
      const heads = await ask(node => node.head()), numbers = [...new Set(heads.map(([, head]) => head.number))];
      const shown = await ask(async ([node, head]) => {
        const known = numbers.filter(number => number < head.number);
        return new Map(await Promise.all(known.map(async number => [number, (await node.block(number + 1n)).time])));
      }, heads);
      const earliest = BigInt(Math.floor(Date.now() / 1000)) - MAX_LAG;
      const isYoung = time => time === undefined || time >= earliest;
      const keepingUp = shown.map(([one]) => one).filter(([, head]) => shown.every(([, times]) => isYoung(times.get(head.number))));
      const lowest = enough(keepingUp, agreeing).map(([, head]) => head.number).reduce((least, number) => number < least ? number : least);
      return agreed(node => node.block(lowest), keepingUp.map(([node]) => node));
    },
    record: (...asked) => agreed(node => node.record(...asked)),
    isAnchored: (...asked) => agreed(node => node.isAnchored(...asked)),
    async evidence(...asked) { // One that has not reached the event's block lags, and contradicts nobody.
      const given = await ask(node => node.evidence(...asked));
      const numbers = [...new Set(given.filter(([, answer]) => answer).map(([, answer]) => answer.block.number))];
      const reached = await ask(([node, answer]) => answer || Promise.all(numbers.map(number => node.block(number))), given);
      return same(reached.map(([[, answer]]) => answer));
    },
    successor: (...asked) => agreed(node => node.successor(...asked)),
    async bySteward(...asked) {
      const told = (await ask(node => node.bySteward(...asked))).map(([, answer]) => answer).filter(answer => answer !== null);
      return told.length ? same(told) : null;
    },
  };
}

async function answers(asked, question) {
  const given = await Promise.all(asked.map(async one => {
    try {
      return [one, await question(one)];
    } catch(error) {
      if(error instanceof Unanswered) { return null; }
      throw error;
    }
  }));
  return given.filter(Boolean);
}

function enough(given, agreeing) {
  if(given.length < agreeing) { throw new Unanswered('too few nodes answer'); }
  return given;
}

function same(given) {
  const text = value => JSON.stringify(value, (_, member) => typeof member === 'bigint' ? String(member) : member);
  if(given.some(answer => text(answer) !== text(given[0]))) { throw new Unanswered('the nodes differ', 'nodes-disagree'); }
  return given[0];
}
