// The pinned ledger at one node: typed questions, as of one block, and what the contract's words say.

import {Unanswered} from './errors.js';
import {Refused} from './node.js';

// The first bytes of the Keccak-256 of each signature, all of them of events.
const RECORD = '0xe5ac9ef1', DEPLOYMENT_ID = '0xe16b1032', IS_SEALED = '0x631f9852', SUCCESSOR = '0x6ff968c3', ANCHOR_ID_OF = '0x615f5597';
const UNKNOWN_TOKEN = '0x0ed9cff4';
const ANCHORED = '0xe437c91b5060615cb4554200264c3a9b3e131418fda5944e2ec223a19575bf34';
const STATUS_SET = '0x24af247a9711d15dd110b25d4328cd542a04744ba0c5eba0ba19a24f36aff3b6';
const PIECE_IMPORTED = '0x2b13c71ad624d7a6419ef73785b8ca7c2d35323be0ad21a5d237293c2e04cc3f';

const MEMBERS = { // Of a record, in order, with their bits.
  studio: 160, didHash: 256, nameHash: 256, holder: 160, root: 256, anchorId: 32, leafCount: 32, leafIndex: 32,
  anchoredAt: 64, anchorBlock: 64, status: 2, statusAt: 64, lostSince: 64, standingAtAnchor: 1, standingNow: 1,
  keyStart: 64, keyEnd: 64, newest: 256, amendedAt: 64, amendments: 32,
};

/** Opens the pinned ledger; throws `Unanswered` where the node serves another one, as where it gives no answer. */
export async function openLedger(request, {chainId, genesis, contract, deploymentId}) {
  const call = (data, at) => request('eth_call', [{to: contract, data}, at]);
  const [chain, first, deployment, sealed] = await Promise.all([
    request('eth_chainId', []), request('eth_getBlockByNumber', ['0x0', false]),
    call(DEPLOYMENT_ID, 'latest'), call(IS_SEALED, 'latest'),
  ]);
  // The code needs no look: a contract keeps it, and a node that lies about the chain lies about the code as well.
  sure(quantity(chain) === BigInt(chainId) && data(Object(first).hash, 32) === genesis, 'another chain');
  sure(data(deployment, 32) === deploymentId && words(sealed, [1])[0] === 1n, 'another deployment, or not sealed');

  async function block(at) {
    const {number, hash, timestamp} = Object(await request('eth_getBlockByNumber', [at, false]));
    return {number: quantity(number), hash: data(hash, 32), time: quantity(timestamp)};
  }

  async function canonicalBlock(number) {
    const found = await block(`0x${number.toString(16)}`);
    sure(found.number === number, 'another block than asked for');
    return found;
  }

  async function logs(topics, place) {
    const found = await request('eth_getLogs', [{address: contract, topics, ...place}]);
    sure(Array.isArray(found), 'the events are no list');
    for(const log of found) {
      sure(data(Object(log).address, 20) === contract && Array.isArray(log.topics), 'an event of another contract');
      const isAsked = topics.every((topic, place) => topic === null || [].concat(topic).includes(data(log.topics[place], 32)));
      sure(isAsked, 'another event than asked for');
    }
    return found;
  }

  return {
    head: () => block('latest'),

    block: canonicalBlock,

    /** All about a token, and about a key of its studio, as of block `at`; null where there is no such token. */
    async record(tokenId, keyId, at) {
      let answer;
      try {
        answer = await call(RECORD + word(tokenId) + keyId.slice(2), {blockHash: at.hash});
      } catch(error) {
        if(error instanceof Refused && error.data.startsWith(UNKNOWN_TOKEN)) { return null; }
        throw error;
      }
      const names = Object.keys(MEMBERS), found = {}, values = words(answer, Object.values(MEMBERS));
      names.forEach((name, place) => {
        const bits = MEMBERS[name], digits = answer.slice(66 + 64 * place - 64, 66 + 64 * place).toLowerCase();
        found[name] = bits === 256 || bits === 160 ? `0x${digits.slice(64 - bits / 4)}` : values[place];
      });
      return found;
    },

    /** Where the chain says that it anchored `root`; null where block `hash` holds no such event, or is not there. */
    async evidence(root, hash) {
      let found;
      try {
        found = await logs([ANCHORED, null, root], {blockHash: hash});
      } catch(error) {
        if(error instanceof Refused) { return null; }
        throw error;
      }
      if(!found.length) { return null; }
      const [log] = found;
      const [, , offset, lots] = words(log.data, [32, 32, 32, 32], true);
      sure(log.topics.length === 3 && offset === 96n && lots > 0n && data(log.data).length >= 258 + 128 * Number(lots), 'half an event');
      const at = await canonicalBlock(quantity(log.blockNumber));
      sure(data(log.blockHash, 32) === at.hash && at.hash === hash, 'the chain moved, or an event of another block');
      return {anchorId: BigInt(data(log.topics[1], 32)), transaction: data(log.transactionHash, 32), block: at};
    },

    /** Whether `root` is anchored, under whatever lot, as of block `at`. */
    async isAnchored(root, at) {
      return words(await call(ANCHOR_ID_OF + root.slice(2), {blockHash: at.hash}), [32])[0] !== 0n;
    },

    /** Whether a steward set the status, by its event; null where the node does not tell. No outcome rests on it. */
    async bySteward(tokenId, at) {
      let found;
      try {
        found = await logs([[STATUS_SET, PIECE_IMPORTED], `0x${word(tokenId)}`], {fromBlock: '0x0', toBlock: `0x${at.number.toString(16)}`});
      } catch(error) {
        if(error instanceof Refused) { return null; }
        throw error;
      }
      if(!found.length) { return null; }
      const log = found[found.length - 1];
      const told = log.topics[0] === STATUS_SET ? words(log.data, [2, 1])[1] : words(log.data, [256, 160, 64, 2, 1], true)[4];
      return told === 1n;
    },

    /** The ledger that takes over, its address; null where there is none. */
    async successor(at) {
      const [address] = words(await call(SUCCESSOR, {blockHash: at.hash}), [160, 64, 64]);
      return address ? `0x${address.toString(16).padStart(40, '0')}` : null;
    },
  };
}

function sure(condition, why) {
  if(!condition) { throw new Unanswered(`the node's answer cannot be right: ${why}`); }
}

function quantity(value) {
  sure(typeof value === 'string' && /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/.test(value), 'a number');
  return BigInt(value);
}

function data(value, length) {
  sure(typeof value === 'string' && value.length % 2 === 0 && /^0x[0-9a-f]*$/i.test(value), 'no data');
  sure(length === undefined || value.length === 2 + 2 * length, 'data of another length');
  return value.toLowerCase();
}

// The numbers that ABI words are; each has no more bits than its type, and there are no more of them unless `more` may follow.
function words(value, bits, more = false) {
  const digits = data(value).slice(2);
  sure(digits.length === 64 * bits.length || (more && digits.length > 64 * bits.length), 'data of another length');
  return bits.map((count, place) => {
    const found = BigInt(`0x${digits.slice(64 * place, 64 * place + 64)}`);
    sure(found >> BigInt(count) === 0n, 'a number out of range');
    return found;
  });
}

function word(value) { return value.toString(16).padStart(64, '0'); }
