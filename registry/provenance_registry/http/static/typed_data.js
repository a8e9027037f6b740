// What studios, holders and claim keys sign for the ledger: EIP-712 over the eight fixed types of its contract.
// provenance/evm/typed_data.py says the same in Python; tests/vectors/typed_data.json holds the two together.
//
//   digest({chainId: '1802071150', contract: '0x…', deploymentId: '0x…'}, 'ReportLost', {tokenId: 7n, nonce: 0n, deadline: 0n})
//
// Integers are BigInts, safe numbers or decimal strings; addresses and hashes are 0x and lower-case hex.

const ORDER_END = [['studio', 'address'], ['nonce', 'uint256'], ['deadline', 'uint256']];
const PIECE_END = [['nonce', 'uint256'], ['deadline', 'uint256']];
const PIECE = ['tokenId', 'uint256'];

/** Every type that the contract takes signatures of: its members, in order. */
export const LEDGER_TYPES = {
  SetStatus: [PIECE, ['status', 'uint8'], ...ORDER_END],
  Amend: [PIECE, ['digest', 'bytes32'], ...ORDER_END],
  Release: [PIECE, ['claimKey', 'address'], ...PIECE_END],
  Claim: [PIECE, ['newHolder', 'address'], ...PIECE_END],
  CancelReleases: [PIECE, ...PIECE_END],
  ReportLost: [PIECE, ...PIECE_END],
  ReportFound: [PIECE, ...PIECE_END],
  VetoRecovery: [PIECE, ...PIECE_END],
};

const DOMAIN = [
  ['name', 'string'], ['version', 'string'], ['chainId', 'uint256'], ['verifyingContract', 'address'], ['salt', 'bytes32'],
];

/** The 32 bytes that are signed; for a passkey, its challenge. */
export function digest(ledger, type, message) {
  return keccak256(concat(Uint8Array.of(0x19, 0x01), domainSeparator(ledger), structHash(type, message)));
}

/** The hash of the ledger's domain; its salt is the deployment id, so that a re-created chain is another domain. */
export function domainSeparator({chainId, contract, deploymentId}) {
  const members = {
    name: 'Kilnmark PieceLedger', version: '1', chainId, verifyingContract: contract, salt: deploymentId,
  };
  return hashStruct('EIP712Domain', DOMAIN, members);
}

/** The hash of a message of one of `LEDGER_TYPES`. */
export function structHash(type, message) {
  if(!Object.prototype.hasOwnProperty.call(LEDGER_TYPES, type)) { throw new RangeError(`not a type of the ledger: ${type}`); }
  return hashStruct(type, LEDGER_TYPES[type], message);
}

function hashStruct(type, members, values) {
  const encoded = `${type}(${members.map(([name, kind]) => `${kind} ${name}`).join(',')})`;
  return keccak256(concat(keccak256(utf8(encoded)), ...members.map(([name, kind]) => word(kind, values[name], name))));
}

const HEX = {address: /^0x[0-9a-f]{40}$/, bytes32: /^0x[0-9a-f]{64}$/};
const LIMITS = {uint8: 8n, uint256: 256n};

function word(kind, value, name) {
  if(kind === 'string') { return keccak256(utf8(value)); }
  let digits;
  if(LIMITS[kind]) {
    const isDecimal = typeof value === 'string' && /^[0-9]{1,78}$/.test(value);
    const known = typeof value === 'bigint' || Number.isSafeInteger(value) || isDecimal;
    const number = known ? BigInt(value) : -1n;
    if(number < 0n || number >> LIMITS[kind]) { throw new RangeError(`not a ${kind}: ${name}`); }
    digits = number.toString(16);
  } else {
    if(typeof value !== 'string' || !HEX[kind].test(value)) { throw new RangeError(`not a ${kind}: ${name}`); }
    digits = value.slice(2);
  }
  return Uint8Array.from(digits.padStart(64, '0').match(/../g), pair => parseInt(pair, 16));
}

function utf8(text) { return new TextEncoder().encode(text); }

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((place, part) => { whole.set(part, place); return place + part.length; }, 0);
  return whole;
}

// --- Keccak-256 (FIPS 202 section 3, with Keccak's own padding: browsers have SHA-2 only)

const RATE = 136; // Bytes: 1600 bits less twice 256.
const MASK = (1n << 64n) - 1n;

const ROUNDS = [];
for(let round = 0, register = 1; round < 24; round += 1) {
  let constant = 0n; // FIPS 202 algorithm 5, one step a bit; the bits stand at 2^j - 1.
  for(let j = 0; j < 7; j += 1) {
    if(register & 1) { constant |= 1n << ((1n << BigInt(j)) - 1n); }
    register = register & 0x80 ? ((register << 1) ^ 0x171) : register << 1;
  }
  ROUNDS.push(constant);
}

function rotate(lane, by) { return ((lane << by) | (lane >> (64n - by))) & MASK; }

function permute(state) {
  for(const constant of ROUNDS) {
    const columns = [0, 1, 2, 3, 4].map(x => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
    for(let i = 0; i < 25; i += 1) { state[i] ^= columns[(i + 4) % 5] ^ rotate(columns[(i + 1) % 5], 1n); }
    let x = 1, y = 0, lane = state[1]; // ρ and π, along their one cycle of 24 lanes.
    for(let t = 0; t < 24; t += 1) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      [lane, state[x + 5 * y]] = [state[x + 5 * y], rotate(lane, BigInt(((t + 1) * (t + 2) / 2) % 64))];
    }
    for(let row = 0; row < 25; row += 5) {
      const old = state.slice(row, row + 5);
      for(let i = 0; i < 5; i += 1) { state[row + i] = old[i] ^ (~old[(i + 1) % 5] & MASK & old[(i + 2) % 5]); }
    }
    state[0] ^= constant;
  }
}

/** Ethereum's hash of bytes. */
export function keccak256(data) {
  const padded = new Uint8Array((Math.floor(data.length / RATE) + 1) * RATE);
  padded.set(data);
  padded[data.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const view = new DataView(padded.buffer), state = new Array(25).fill(0n);
  for(let block = 0; block < padded.length; block += RATE) {
    for(let i = 0; i < RATE / 8; i += 1) { state[i] ^= view.getBigUint64(block + 8 * i, true); }
    permute(state);
  }
  const hash = new DataView(new ArrayBuffer(32));
  for(let i = 0; i < 4; i += 1) { hash.setBigUint64(8 * i, state[i], true); }
  return new Uint8Array(hash.buffer);
}
