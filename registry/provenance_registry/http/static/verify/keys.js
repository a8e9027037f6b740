// Public keys as Multikeys (W3C Controlled Identifiers 1.0 section 2.2.2), and the signatures that they check.

import {must} from './errors.js';
import {base58, bytesOf, concat, number, subtle} from './encoding.js';

const P = (1n << 256n) - (1n << 224n) + (1n << 192n) + (1n << 96n) - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const FIELD = (1n << 255n) - 19n;
// Under a key of small order any message verifies: the y coordinates of all eight such points.
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const LOW_ORDER_Y = [0n, 1n, FIELD - 1n, ORDER_8, FIELD - ORDER_8];

/** Reads the text of a Multikey: `bytes`, its `algorithm`, and `point` as WebCrypto takes it. */
export function readKey(multikey) {
  must(typeof multikey === 'string' && multikey[0] === 'z', 'bad-key');
  const bytes = base58(multikey.slice(1)), raw = bytes.slice(2);
  if(bytes[0] === 0x80 && bytes[1] === 0x24 && raw.length === 33) { return {algorithm: 'P-256', bytes, point: decompress(raw)}; }
  must(bytes[0] === 0xed && bytes[1] === 0x01 && raw.length === 32, 'bad-key');
  const y = number(raw.slice().reverse()) & ((1n << 255n) - 1n);
  must(y < FIELD && !LOW_ORDER_Y.includes(y), 'bad-key');
  return {algorithm: 'Ed25519', bytes, point: raw};
}

// SEC 1 section 2.3.4: not every browser takes a compressed point. P is 3 modulo 4, so a root is a power.
function decompress(raw) {
  const x = number(raw.slice(1)), square = (x * x * x - 3n * x + B) % P;
  const root = power(square, (P + 1n) / 4n);
  must((raw[0] === 2 || raw[0] === 3) && x < P && root * root % P === (square + P) % P, 'bad-key');
  const y = Number(root & 1n) === raw[0] - 2 ? root : P - root;
  return concat(Uint8Array.of(4), bytesOf(x, 32), bytesOf(y, 32));
}

function power(base, exponent) {
  let result = 1n;
  for(const bit of exponent.toString(2)) {
    result = result * result % P;
    if(bit === '1') { result = (result * base % P + P) % P; }
  }
  return result;
}

/** Tells whether `signature` over `data` is the key's. A high s is a second spelling that anybody can make: refused. */
export async function isSignedBy({algorithm, point}, signature, data) {
  if(signature.length !== 64) { return false; }
  if(algorithm === 'Ed25519') { return isEd25519(point, signature, data); }
  if(number(signature.slice(32)) > ORDER / 2n) { return false; }
  const key = await subtle().importKey('raw', point, {name: 'ECDSA', namedCurve: 'P-256'}, false, ['verify']);
  return subtle().verify({name: 'ECDSA', hash: 'SHA-256'}, key, signature, data);
}

async function isEd25519(point, signature, data) {
  let key;
  try {
    key = await subtle().importKey('raw', point, {name: 'Ed25519'}, false, ['verify']);
  } catch(error) {
    if(error.name === 'DataError') { return false; } // Not a point of the curve.
    const own = await import('./ed25519.js'); // Phones that lack it.
    return own.isSignedBy(point, signature, data);
  }
  return subtle().verify({name: 'Ed25519'}, key, signature, data);
}
