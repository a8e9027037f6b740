// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Signer} from "./Signing.sol";

interface Meter {
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256);
}

// gas
// └── otherwise
//     ├── anchor
//     ├── claim
//     ├── holders
//     ├── studios
//     └── pieces
/// @dev Each call is a transaction of its own in the profile `gas`, with cold storage; `snapshots/PieceLedger.json` keeps
/// the figures, and `sh hardhat-config/run.sh gas` compares.
contract GasTest is Signer {
    uint256 private _token;

    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _addKey();
    }

    function _spent(string memory name) private {
        Meter(address(vm)).snapshotGasLastCall("PieceLedger", name);
    }

    function _anchorOf(uint32 count, string memory name) private {
        _anchor(count);
        _spent(name);
    }

    function test_Gas_Anchor() public {
        _anchorOf(1, "anchor of 1 piece");
        _anchorOf(10, "anchor of 10 pieces");
        _anchorOf(100, "anchor of 100 pieces");
        _anchorOf(1_000, "anchor of 1000 pieces");
    }

    function test_Gas_Claim() public {
        _give(STUDIO_SECRET, _token, buyer);
        _spent("claim of an unsold piece by an address");
        _give(BUYER_SECRET, _token, other);
        _spent("claim of a sold piece by an address");
        _give(STUDIO_SECRET, _token + 1, _phone(PHONE_SECRET));
        IHandOver.HandOver memory over = _handOver(_token + 1, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        bytes memory release = _touched(PHONE_SECRET, _releaseDigest(ledger, _token + 1, claimKey, over.nonce, 0));
        _send(over, release, claim);
        _spent("claim of a piece that a passkey releases");
    }

    function test_Gas_Holders() public {
        _give(STUDIO_SECRET, _token, buyer);
        vm.prank(buyer);
        ledger.reportLost(_token);
        _spent("reportLost");
        vm.prank(buyer);
        ledger.reportFound(_token);
        _spent("reportFound");
        vm.prank(buyer);
        ledger.cancelReleases(_token);
        _spent("cancelReleases");
        vm.prank(steward);
        ledger.proposeRecovery(_token, other);
        _spent("proposeRecovery");
        _later(30 days);
        ledger.executeRecovery(_token);
        _spent("executeRecovery");
    }

    function test_Gas_Studios() public {
        vm.prank(steward);
        ledger.accredit(other, "did:web:registry.example:studios:b", "Kiln", 1);
        _spent("accredit");
        vm.prank(steward);
        ledger.addKey(other, multikey);
        _spent("addKey");
        vm.prank(steward);
        ledger.shortenKey(other, keyId, START + 1);
        _spent("shortenKey");
        vm.prank(steward);
        ledger.suspend(other);
        _spent("suspend");
        vm.prank(steward);
        ledger.reinstate(other);
        _spent("reinstate");
        vm.prank(steward);
        ledger.proposeController(other, buyer);
        _spent("proposeController");
    }

    function test_Gas_Pieces() public {
        _setStatus(studio, _token, IPieceLedger.Status.ON_HOLD);
        _spent("setStatus");
        uint256[] memory tokens = new uint256[](1);
        bytes32[] memory digests = new bytes32[](1);
        (tokens[0], digests[0]) = (_token, DIGEST);
        vm.prank(studio);
        ledger.amend(tokens, digests);
        _spent("amend");
        bytes32 kind = keccak256("Amend(uint256 tokenId,bytes32 digest,address studio,uint256 nonce,uint256 deadline)");
        bytes memory content = abi.encode(kind, _token, DIGEST, studio, uint256(0), uint256(0));
        bytes memory signature = _signed(STUDIO_SECRET, _typed(ledger, content));
        ledger.amendFor(_token, DIGEST, 0, 0, signature);
        _spent("amendFor");
        ledger.record(_token, keyId);
        _spent("record");
    }
}
