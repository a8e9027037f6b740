// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

import {IHandOver} from "../contracts/IHandOver.sol";
import {Base, Ledger} from "./Base.sol";

/// @dev What wallets and phones do: the digests written out once more, keys that sign them, and a phone's passkey.
abstract contract Signer is Base {
    uint256 internal constant BUYER_SECRET = 0xB0B;
    uint256 internal constant CLAIM_SECRET = 0xC1A1;
    uint256 internal constant PHONE_SECRET = 0x9407E;
    uint256 internal constant ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;

    address internal buyer;
    address internal claimKey;

    function setUp() public virtual override {
        super.setUp();
        buyer = vm.addr(BUYER_SECRET);
        claimKey = vm.addr(CLAIM_SECRET);
    }

    function _domain(Ledger here) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
                    ),
                    keccak256("Kilnmark PieceLedger"),
                    keccak256("1"),
                    block.chainid,
                    address(here),
                    here.deploymentId()
                )
            );
    }

    function _typed(Ledger here, bytes memory content) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", _domain(here), keccak256(content)));
    }

    function _releaseDigest(
        Ledger here,
        uint256 token,
        address key,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (bytes32) {
        bytes32 kind = keccak256("Release(uint256 tokenId,address claimKey,uint256 nonce,uint256 deadline)");
        return _typed(here, abi.encode(kind, token, key, nonce, deadline));
    }

    function _claimDigest(
        Ledger here,
        uint256 token,
        address to,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (bytes32) {
        bytes32 kind = keccak256("Claim(uint256 tokenId,address newHolder,uint256 nonce,uint256 deadline)");
        return _typed(here, abi.encode(kind, token, to, nonce, deadline));
    }

    function _orderDigest(
        string memory name,
        uint256 token,
        uint256 nonce,
        uint256 deadline
    ) internal view returns (bytes32) {
        bytes32 kind = keccak256(abi.encodePacked(name, "(uint256 tokenId,uint256 nonce,uint256 deadline)"));
        return _typed(ledger, abi.encode(kind, token, nonce, deadline));
    }

    function _signed(uint256 secret, bytes32 digest) internal returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    function _twin(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = (_word(signature, 0), _word(signature, 32), uint8(signature[64]));
        return abi.encodePacked(r, bytes32(ORDER_OF_CURVE - uint256(s)), v == 27 ? uint8(28) : uint8(27));
    }

    function _word(bytes memory data, uint256 from) private pure returns (bytes32 word) {
        for (uint256 i = 0; i < 32; ++i) {
            word |= bytes32(data[from + i]) >> (8 * i);
        }
    }

    function _nonce(uint256 token) internal view returns (uint256) {
        return ledger.holding(token).nonce;
    }

    /// @dev A hand-over of the piece as it is now, without deadlines.
    function _handOver(uint256 token, address to) internal view returns (IHandOver.HandOver memory) {
        return IHandOver.HandOver(token, claimKey, to, _nonce(token), 0, 0);
    }

    function _release(uint256 secret, IHandOver.HandOver memory over) internal returns (bytes memory) {
        return _signed(secret, _releaseDigest(ledger, over.tokenId, over.claimKey, over.nonce, over.releaseDeadline));
    }

    function _claimSignature(uint256 secret, IHandOver.HandOver memory over) internal returns (bytes memory) {
        return _signed(secret, _claimDigest(ledger, over.tokenId, over.newHolder, over.nonce, over.claimDeadline));
    }

    /// @dev Sent by nobody in particular.
    function _send(IHandOver.HandOver memory over, bytes memory release, bytes memory claim) internal {
        vm.prank(stranger);
        ledger.claim(over, release, claim);
    }

    function _give(uint256 secret, uint256 token, address to) internal {
        IHandOver.HandOver memory over = _handOver(token, to);
        bytes memory release = _release(secret, over);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _send(over, release, claim);
    }

    // --- a phone

    function _phone(uint256 secret) internal view returns (address) {
        (uint256 x, uint256 y) = vm.publicKeyP256(secret);
        return ledger.passkeyHolder(bytes32(x), bytes32(y));
    }

    function _signer(uint256 secret, address verifier) internal pure returns (bytes memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(secret);
        return abi.encodePacked(verifier, x, y);
    }

    function _assertion(uint256 secret, bytes32 digest, bytes1 flags) internal pure returns (bytes memory) {
        string memory client = string.concat(
            '{"type":"webauthn.get","challenge":"',
            Base64.encodeURL(abi.encodePacked(digest)),
            '","origin":"https://registry.example","crossOrigin":false}'
        );
        bytes memory device = abi.encodePacked(sha256("registry.example"), flags, uint32(0));
        (bytes32 r, bytes32 s) = vm.signP256(secret, sha256(abi.encodePacked(device, sha256(bytes(client)))));
        if (uint256(s) > ORDER_OF_P256 / 2) s = bytes32(ORDER_OF_P256 - uint256(s));
        return abi.encode(r, s, uint256(23), uint256(1), device, client);
    }

    function _touched(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return abi.encodePacked(_signer(secret, ledger.passkeyVerifier()), _assertion(secret, digest, 0x05));
    }
}
