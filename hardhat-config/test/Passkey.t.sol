// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {Signer} from "./Signing.sol";

/// @dev A verifier that an attacker would choose.
contract AlwaysValid {
    function verify(bytes calldata, bytes32, bytes calldata) external pure returns (bytes4) {
        return this.verify.selector;
    }
}

// passkey
// ├── it reverts when
// │   ├── the verifier is the attackers
// │   ├── the verifier is that of another ledger
// │   ├── of another holder
// │   ├── another key signed under the holders signer
// │   ├── the touch is the high twin
// │   ├── nothing is sent
// │   ├── the signature is shorter than an address
// │   ├── the touch was for another digest
// │   ├── the user was not verified
// │   ├── the signer is missing
// │   ├── the signer has64 bytes
// │   ├── the signer has85 bytes
// │   ├── the signer has83 bytes
// │   ├── only the signer is sent
// │   ├── the holder is a keys address
// │   ├── the holder is a create2 address
// │   ├── the holder is the bare signers hash
// │   └── the heir vetoes
// └── otherwise
//     ├── releases with a touch
//     ├── claims from phone to phone
//     ├── cancels reports and takes back
//     ├── lost is recovered to another
//     ├── not lost vetoes a recovery
//     └── is the same holder on every ledger
// whatever is tried
// └── garbage after the signer is refused
contract PasskeyTest is Signer {
    uint256 private _token;
    address private _owner;

    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _owner = _phone(PHONE_SECRET);
        _give(STUDIO_SECRET, _token, _owner);
    }

    function _digestOf(IHandOver.HandOver memory over) private view returns (bytes32) {
        return _releaseDigest(ledger, over.tokenId, over.claimKey, over.nonce, over.releaseDeadline);
    }

    function _refuse(bytes memory release) private {
        _refuseFor(_token, _owner, release);
    }

    function _refuseFor(uint256 token, address holder, bytes memory release) private {
        IHandOver.HandOver memory over = _handOver(token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.InvalidHolderSignature.selector, token, holder));
        _send(over, release, claim);
    }

    function _now(uint256 token) private view returns (bytes32) {
        return _digestOf(_handOver(token, buyer));
    }

    function test_Passkey_ReleasesWithATouch() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _send(over, _touched(PHONE_SECRET, _digestOf(over)), claim);
        _equal(ledger.ownerOf(_token), buyer);
    }

    function test_Passkey_ClaimsFromPhoneToPhone() public {
        address next = _phone(0xF1F1);
        IHandOver.HandOver memory over = _handOver(_token, next);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _send(over, _touched(PHONE_SECRET, _digestOf(over)), claim);
        _equal(ledger.ownerOf(_token), next);
        _equal(ledger.balanceOf(_owner), 0);
    }

    function test_Passkey_CancelsReportsAndTakesBack() public {
        bytes memory signature = _touched(PHONE_SECRET, _orderDigest("CancelReleases", _token, 1, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.CANCEL_RELEASES, _token, 1, 0, signature);
        signature = _touched(PHONE_SECRET, _orderDigest("ReportLost", _token, 2, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.REPORT_LOST, _token, 2, 0, signature);
        _equal(ledger.holding(_token).lostSince, START);
        signature = _touched(PHONE_SECRET, _orderDigest("ReportFound", _token, 3, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.REPORT_FOUND, _token, 3, 0, signature);
        _equal(ledger.holding(_token).foundFrom, START + 7 days);
        _equal(_nonce(_token), 4);
    }

    function test_Passkey_RevertWhen_TheVerifierIsTheAttackers() public {
        bytes memory signer = _signer(PHONE_SECRET, address(new AlwaysValid()));
        _refuse(abi.encodePacked(signer, "anything"));
    }

    function test_Passkey_RevertWhen_TheVerifierIsThatOfAnotherLedger() public {
        address verifier = _deploy(keccak256("another"), false, address(0)).passkeyVerifier();
        bytes memory signer = _signer(PHONE_SECRET, verifier);
        _refuse(abi.encodePacked(signer, _assertion(PHONE_SECRET, _now(_token), 0x05)));
    }

    function test_Passkey_RevertWhen_OfAnotherHolder() public {
        _refuse(_touched(0xF1F1, _now(_token)));
    }

    function test_Passkey_RevertWhen_AnotherKeySignedUnderTheHoldersSigner() public {
        bytes memory signer = _signer(PHONE_SECRET, ledger.passkeyVerifier());
        _refuse(abi.encodePacked(signer, _assertion(0xF1F1, _now(_token), 0x05)));
    }

    function test_Passkey_RevertWhen_TheTouchIsTheHighTwin() public {
        bytes memory touch = _touched(PHONE_SECRET, _now(_token));
        // After the signer come r and s.
        uint256 s;
        assembly ("memory-safe") {
            s := mload(add(touch, 148))
        }
        s = ORDER_OF_P256 - s;
        assembly ("memory-safe") {
            mstore(add(touch, 148), s)
        }
        _refuse(touch);
    }

    function test_Passkey_RevertWhen_NothingIsSent() public {
        _refuse("");
    }

    function test_Passkey_RevertWhen_TheSignatureIsShorterThanAnAddress() public {
        _refuse(new bytes(19));
    }

    function test_Passkey_RevertWhen_TheTouchWasForAnotherDigest() public {
        _refuse(_touched(PHONE_SECRET, _now(_token + 1)));
    }

    function test_Passkey_RevertWhen_TheUserWasNotVerified() public {
        bytes memory signer = _signer(PHONE_SECRET, ledger.passkeyVerifier());
        _refuse(abi.encodePacked(signer, _assertion(PHONE_SECRET, _now(_token), 0x01)));
    }

    function test_Passkey_RevertWhen_TheSignerIsMissing() public {
        _refuse(_assertion(PHONE_SECRET, _now(_token), 0x05));
    }

    function test_Passkey_RevertWhen_TheSignerHas64Bytes() public {
        (uint256 x, uint256 y) = vm.publicKeyP256(PHONE_SECRET);
        _refuse(abi.encodePacked(x, y, _assertion(PHONE_SECRET, _now(_token), 0x05)));
    }

    function test_Passkey_RevertWhen_TheSignerHas85Bytes() public {
        bytes memory signer = _signer(PHONE_SECRET, ledger.passkeyVerifier());
        _refuse(abi.encodePacked(signer, uint8(0), _assertion(PHONE_SECRET, _now(_token), 0x05)));
    }

    function test_Passkey_RevertWhen_TheSignerHas83Bytes() public {
        bytes memory signer = _signer(PHONE_SECRET, ledger.passkeyVerifier());
        bytes memory short = new bytes(83);
        for (uint256 i = 0; i < 83; ++i) {
            short[i] = signer[i];
        }
        _refuse(abi.encodePacked(short, _assertion(PHONE_SECRET, _now(_token), 0x05)));
    }

    function test_Passkey_RevertWhen_OnlyTheSignerIsSent() public {
        _refuse(_signer(PHONE_SECRET, ledger.passkeyVerifier()));
    }

    function test_Passkey_RevertWhen_TheHolderIsAKeysAddress() public {
        (uint256 x, uint256 y) = vm.publicKeyP256(PHONE_SECRET);
        _preimage(abi.encodePacked(x, y));
    }

    function test_Passkey_RevertWhen_TheHolderIsACreate2Address() public {
        _preimage(abi.encodePacked(bytes1(0xff), _signer(PHONE_SECRET, ledger.passkeyVerifier())));
    }

    function test_Passkey_RevertWhen_TheHolderIsTheBareSignersHash() public {
        _preimage(_signer(PHONE_SECRET, ledger.passkeyVerifier()));
    }

    /// @dev A holder whose address is the plain hash of bytes that hold the passkey.
    function _preimage(bytes memory image) private {
        address holder = address(uint160(uint256(keccak256(image))));
        _give(STUDIO_SECRET, _token + 1, holder);
        _refuseFor(_token + 1, holder, _touched(PHONE_SECRET, _now(_token + 1)));
    }

    function _propose(address heir) private {
        vm.prank(steward);
        ledger.proposeRecovery(_token, heir);
    }

    function test_Passkey_LostIsRecoveredToAnother() public {
        address next = _phone(0xF1F1);
        _propose(next);
        _later(30 days);
        ledger.executeRecovery(_token);
        _equal(ledger.ownerOf(_token), next);
        _refuseFor(_token, next, _touched(PHONE_SECRET, _now(_token)));
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _send(over, _touched(0xF1F1, _digestOf(over)), claim);
        _equal(ledger.ownerOf(_token), buyer);
    }

    function test_Passkey_NotLostVetoesARecovery() public {
        _propose(_phone(0xF1F1));
        bytes memory veto = _touched(PHONE_SECRET, _orderDigest("VetoRecovery", _token, 1, 0));
        vm.prank(stranger);
        ledger.holderOrderFor(IHandOver.HolderOrder.VETO_RECOVERY, _token, 1, 0, veto);
        _later(31 days);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.NoRecovery.selector, _token));
        ledger.executeRecovery(_token);
        _equal(ledger.ownerOf(_token), _owner);
    }

    function test_Passkey_RevertWhen_TheHeirVetoes() public {
        _propose(_phone(0xF1F1));
        bytes memory veto = _touched(0xF1F1, _orderDigest("VetoRecovery", _token, 1, 0));
        vm.expectRevert(abi.encodeWithSelector(IHandOver.InvalidHolderSignature.selector, _token, _owner));
        ledger.holderOrderFor(IHandOver.HolderOrder.VETO_RECOVERY, _token, 1, 0, veto);
    }

    function test_Passkey_IsTheSameHolderOnEveryLedger() public {
        (uint256 x, uint256 y) = vm.publicKeyP256(PHONE_SECRET);
        _equal(_deploy(keccak256("another"), false, address(0)).passkeyHolder(bytes32(x), bytes32(y)), _owner);
    }

    /// @dev Whatever follows the signer, nothing but the phone moves the piece.
    function testFuzz_GarbageAfterTheSignerIsRefused(bytes calldata garbage) public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        bytes memory signer = _signer(PHONE_SECRET, ledger.passkeyVerifier());
        try ledger.claim(over, abi.encodePacked(signer, garbage), claim) {
            _holds(false);
        } catch {}
        _equal(ledger.ownerOf(_token), _owner);
    }
}
