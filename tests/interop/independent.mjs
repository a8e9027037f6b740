// The same two cryptosuites a second time, from their specification (vc-di-ecdsa 3.3, vc-di-eddsa 3.3) over libraries that
// have nothing in common with the other suites' ones: another canonical JSON, other curves, another base58.
// Reads a list of secured credentials from standard input and answers a list of whether each proof fits.
import {ed25519} from '@noble/curves/ed25519.js';
import {p256} from '@noble/curves/nist.js';
import {sha256} from '@noble/hashes/sha2.js';
import {canonicalize} from 'json-canonicalize';
import {base58btc} from 'multiformats/bases/base58';

const SUITES = {
  'ecdsa-jcs-2019': {prefix: [0x80, 0x24], fits: (...all) => p256.verify(...all, {lowS: false})},
  'eddsa-jcs-2022': {prefix: [0xed, 0x01], fits: (...all) => ed25519.verify(...all)},
};

function verify({proof: {proofValue, ...options}, ...unsecured}) {
  const {prefix, fits} = SUITES[options.cryptosuite];
  const method = options.verificationMethod, multikey = base58btc.decode(method.slice(method.indexOf('#') + 1));
  if(!prefix.every((byte, place) => multikey[place] === byte)) { return false; }
  const hash = value => sha256(new TextEncoder().encode(canonicalize(value)));
  const signed = new Uint8Array([...hash(options), ...hash(unsecured)]);
  return fits(base58btc.decode(proofValue), signed, multikey.slice(prefix.length));
}

const chunks = [];
for await(const chunk of process.stdin) { chunks.push(chunk); }
process.stdout.write(JSON.stringify(JSON.parse(Buffer.concat(chunks).toString('utf8')).map(verify)));
