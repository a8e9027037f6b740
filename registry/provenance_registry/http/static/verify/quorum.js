// The ledger through several nodes that must agree: nodes that know nothing of each other cannot agree on a lie.

import {Unanswered} from './errors.js';
import {openLedger} from './ledger.js';
import {connect} from './node.js';

const MAX_LAG = 120n; // Seconds: how old a block may be that a node does not know yet.

/** Opens the policy's ledger at the first node that answers, or at all of those of which `agreeing` must agree. */
export async function open({ledger, nodes, agreeing}, fetch) {
  const different = [...new Set(nodes.map(url => url.replace(/\/+$/, '')))];
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

/** What `openLedger` returns, over `nodes`: all that answer are heard, and one that differs is enough to believe none. */
function quorum(nodes, agreeing) {
  const ask = async (question, asked = nodes) => enough(await answers(asked, question), agreeing);
  const agreed = async (question, asked) => same((await ask(question, asked)).map(([, answer]) => answer));
  return {
    /** The newest block that all know; one that lags for long would hide what came since, and does not count. */
    async head() {
      const heads = await ask(node => node.head());
      const [first, newest] = heads.reduce((best, one) => one[1].number > best[1].number ? one : best);
      const keepingUp = [];
      for(const [node, head] of heads) {
        const behind = head.number !== newest.number;
        const since = behind ? BigInt(Math.floor(Date.now() / 1000)) - (await first.block(head.number + 1n)).time : 0n;
        if(since <= MAX_LAG) { keepingUp.push([node, head]); }
      }
      const lowest = enough(keepingUp, agreeing).reduce((least, [, {number}]) => number < least ? number : least, newest.number);
      return agreed(node => node.block(lowest), keepingUp.map(([node]) => node));
    },
    record: (...asked) => agreed(node => node.record(...asked)),
    evidence: (...asked) => agreed(node => node.evidence(...asked)),
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
