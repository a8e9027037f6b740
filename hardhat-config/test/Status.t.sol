// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Base} from "./Base.sol";

/// @dev A contract account that says yes to one signature (ERC-1271).
contract Agreeable {
    bytes32 private immutable _expected;

    constructor(bytes memory signature) {
        _expected = keccak256(signature);
    }

    function isValidSignature(bytes32, bytes calldata signature) external view returns (bytes4) {
        return keccak256(signature) == _expected ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

// setStatus
// ├── it reverts when
// │   ├── token is unknown
// │   ├── caller is a stranger
// │   ├── caller is another studio
// │   ├── revoked
// │   ├── studio lifts a stewards hold
// │   ├── studio retires under a stewards hold
// │   ├── studio makes a stewards hold its own
// │   ├── the studio is suspended
// │   └── the suspended studio has another controller
// └── otherwise
//     ├── studio revokes under a stewards hold
//     ├── steward lifts a hold
//     ├── studio lifts its own hold
//     ├── stores and emits
//     ├── a steward sets that of a suspended studios piece
//     └── a reinstated studio sets it again
// setStatusFor
// ├── it reverts when
// │   ├── deadline passed
// │   ├── token is unknown
// │   ├── number is not the next
// │   ├── sent twice
// │   ├── signed by another
// │   ├── the signature is the high twin
// │   ├── the chain is another
// │   ├── studio lifts a stewards hold
// │   ├── the studio is suspended
// │   ├── the relayer puts another status
// │   ├── the relayer puts another piece
// │   ├── the relayer stretches the deadline
// │   ├── the contract is another
// │   ├── the deployment is another at the same address
// │   └── the contract says no
// └── otherwise
//     ├── acts as the studio
//     ├── takes a contracts signature
//     └── takes the key of an account with code
// domain
// └── otherwise
//     └── is told by itself
// amend
// ├── it reverts when
// │   ├── there is nothing to amend
// │   ├── the lists differ
// │   ├── a digest is zero
// │   ├── the digest is that of the newest amendment
// │   ├── the token is unknown
// │   ├── the token is anothers
// │   ├── the caller is a steward
// │   └── the studio is suspended
// └── otherwise
//     └── keeps the newest
// whatever is tried
// └── status follows the rules
contract StatusTest is Base {
    uint256 private _token;

    event MetadataUpdate(uint256 tokenId);

    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _accredit(other, "did:b");
        _later(100);
    }

    // --- setStatus

    function test_SetStatus_RevertWhen_TokenIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        _setStatus(steward, _token + 3, IPieceLedger.Status.ON_HOLD);
    }

    function test_SetStatus_RevertWhen_CallerIsAStranger() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.NotTheStudio.selector, _token, stranger));
        _setStatus(stranger, _token, IPieceLedger.Status.ON_HOLD);
    }

    function test_SetStatus_RevertWhen_CallerIsAnotherStudio() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.NotTheStudio.selector, _token, other));
        _setStatus(other, _token, IPieceLedger.Status.ON_HOLD);
    }

    function test_SetStatus_RevertWhen_Revoked() public {
        _setStatus(studio, _token, IPieceLedger.Status.REVOKED);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.StatusIsFinal.selector, _token));
        _setStatus(steward, _token, IPieceLedger.Status.ACTIVE);
    }

    function test_SetStatus_RevertWhen_StudioLiftsAStewardsHold() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.HeldBySteward.selector, _token));
        _setStatus(studio, _token, IPieceLedger.Status.ACTIVE);
    }

    function test_SetStatus_RevertWhen_StudioRetiresUnderAStewardsHold() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.HeldBySteward.selector, _token));
        _setStatus(studio, _token, IPieceLedger.Status.RETIRED);
    }

    function test_SetStatus_RevertWhen_StudioMakesAStewardsHoldItsOwn() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.HeldBySteward.selector, _token));
        _setStatus(studio, _token, IPieceLedger.Status.ON_HOLD);
    }

    function test_SetStatus_StudioRevokesUnderAStewardsHold() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        _setStatus(studio, _token, IPieceLedger.Status.REVOKED);
        _holds(_record(_token).status == IPieceLedger.Status.REVOKED);
    }

    function test_SetStatus_StewardLiftsAHold() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        _setStatus(steward, _token, IPieceLedger.Status.ACTIVE);
        _setStatus(studio, _token, IPieceLedger.Status.RETIRED);
        _holds(_record(_token).status == IPieceLedger.Status.RETIRED);
    }

    function test_SetStatus_StudioLiftsItsOwnHold() public {
        _setStatus(studio, _token, IPieceLedger.Status.ON_HOLD);
        _setStatus(studio, _token, IPieceLedger.Status.ACTIVE);
        _holds(_record(_token).status == IPieceLedger.Status.ACTIVE);
    }

    function test_SetStatus_StoresAndEmits() public {
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.StatusSet(_token, IPieceLedger.Status.ON_HOLD, false);
        vm.expectEmit(true, true, true, true);
        emit MetadataUpdate(_token);
        _setStatus(studio, _token, IPieceLedger.Status.ON_HOLD);
        _equal(_record(_token).statusAt, START + 100);
        _equal(_record(_token + 1).statusAt, 0);
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.StatusSet(_token, IPieceLedger.Status.ACTIVE, true);
        _setStatus(steward, _token, IPieceLedger.Status.ACTIVE);
    }

    function _barred() private view returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.StudioIsSuspended.selector, studio, _token);
    }

    function test_SetStatus_RevertWhen_TheStudioIsSuspended() public {
        _suspend();
        vm.expectRevert(_barred());
        _setStatus(studio, _token, IPieceLedger.Status.REVOKED);
    }

    function test_SetStatus_RevertWhen_TheSuspendedStudioHasAnotherController() public {
        vm.prank(steward);
        ledger.proposeController(studio, stranger);
        _later(7 days);
        _suspend();
        vm.expectRevert(_barred());
        _setStatus(stranger, _token, IPieceLedger.Status.RETIRED);
    }

    function test_SetStatus_AStewardSetsThatOfASuspendedStudiosPiece() public {
        _suspend();
        _setStatus(steward, _token, IPieceLedger.Status.REVOKED);
        _holds(_record(_token).status == IPieceLedger.Status.REVOKED);
    }

    function test_SetStatus_AReinstatedStudioSetsItAgain() public {
        _suspend();
        _reinstate();
        _setStatus(studio, _token, IPieceLedger.Status.RETIRED);
        _holds(_record(_token).status == IPieceLedger.Status.RETIRED);
    }

    // --- setStatusFor

    function _digest(
        uint256 token,
        IPieceLedger.Status status,
        uint256 nonce,
        uint256 deadline
    ) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
                ),
                keccak256("Kilnmark PieceLedger"),
                keccak256("1"),
                block.chainid,
                address(ledger),
                ID
            )
        );
        bytes32 order = keccak256(
            abi.encode(
                keccak256("SetStatus(uint256 tokenId,uint8 status,address studio,uint256 nonce,uint256 deadline)"),
                token,
                status,
                studio,
                nonce,
                deadline
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, order));
    }

    function _sign(uint256 secret, uint256 nonce, uint256 deadline) private returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            secret,
            _digest(_token, IPieceLedger.Status.ON_HOLD, nonce, deadline)
        );
        return abi.encodePacked(r, s, v);
    }

    function _order(uint256 nonce, uint256 deadline, bytes memory signature) private {
        vm.prank(stranger);
        ledger.setStatusFor(_token, IPieceLedger.Status.ON_HOLD, nonce, deadline, signature);
    }

    function test_SetStatusFor_RevertWhen_DeadlinePassed() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, START + 99);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.OrderExpired.selector, START + 99));
        _order(0, START + 99, signature);
    }

    function test_SetStatusFor_RevertWhen_TokenIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        ledger.setStatusFor(_token + 3, IPieceLedger.Status.ON_HOLD, 0, 0, "");
    }

    function test_SetStatusFor_RevertWhen_NumberIsNotTheNext() public {
        bytes memory signature = _sign(STUDIO_SECRET, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.WrongOrderNonce.selector, studio, 0, 1));
        _order(1, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_SentTwice() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        _order(0, 0, signature);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.WrongOrderNonce.selector, studio, 1, 0));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_SignedByAnother() public {
        bytes memory signature = _sign(0xB0B, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_TheSignatureIsTheHighTwin() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(STUDIO_SECRET, _digest(_token, IPieceLedger.Status.ON_HOLD, 0, 0));
        bytes memory twin = abi.encodePacked(r, bytes32(ORDER_OF_CURVE - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, twin);
    }

    function test_SetStatusFor_RevertWhen_TheChainIsAnother() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_StudioLiftsAStewardsHold() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.HeldBySteward.selector, _token));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_TheStudioIsSuspended() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        _suspend();
        vm.expectRevert(_barred());
        _order(0, 0, signature);
        _equal(ledger.orderNonce(studio), 0);
    }

    function test_SetStatusFor_RevertWhen_TheRelayerPutsAnotherStatus() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        vm.prank(stranger);
        ledger.setStatusFor(_token, IPieceLedger.Status.REVOKED, 0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_TheRelayerPutsAnotherPiece() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        vm.prank(stranger);
        ledger.setStatusFor(_token + 1, IPieceLedger.Status.ON_HOLD, 0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_TheRelayerStretchesTheDeadline() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, START + 99);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_TheContractIsAnother() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        ledger = _deploy(ID, false, address(0));
        _pieces();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_RevertWhen_TheDeploymentIsAnotherAtTheSameAddress() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        vm.etch(address(ledger), address(_deploy(keccak256("re-created"), false, address(0))).code);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, signature);
    }

    function test_SetStatusFor_ActsAsTheStudio() public {
        bytes memory signature = _sign(STUDIO_SECRET, 0, START + 100);
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.StatusSet(_token, IPieceLedger.Status.ON_HOLD, false);
        _order(0, START + 100, signature);
        _equal(ledger.orderNonce(studio), 1);
    }

    function test_SetStatusFor_TakesAContractsSignature() public {
        vm.etch(studio, address(new Agreeable("yes")).code);
        _order(0, 0, "yes");
        _equal(ledger.orderNonce(studio), 1);
    }

    function test_SetStatusFor_RevertWhen_TheContractSaysNo() public {
        vm.etch(studio, address(new Agreeable("yes")).code);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        _order(0, 0, "no");
    }

    function test_SetStatusFor_TakesTheKeyOfAnAccountWithCode() public {
        vm.etch(studio, address(new Agreeable("yes")).code);
        bytes memory signature = _sign(STUDIO_SECRET, 0, 0);
        _order(0, 0, signature);
        _equal(ledger.orderNonce(studio), 1);
    }

    function test_Domain_IsToldByItself() public view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chain,
            address contract_,
            bytes32 salt,

        ) = ledger.eip712Domain();
        _same(fields, hex"1f");
        _same(keccak256(bytes(name)), keccak256("Kilnmark PieceLedger"));
        _same(keccak256(bytes(version)), keccak256("1"));
        _equal(chain, block.chainid);
        _equal(contract_, address(ledger));
        _same(salt, ID);
    }

    // --- amend

    function _amend(address account, uint256 token, bytes32 digest) private {
        uint256[] memory tokens = new uint256[](1);
        bytes32[] memory digests = new bytes32[](1);
        (tokens[0], digests[0]) = (token, digest);
        vm.prank(account);
        ledger.amend(tokens, digests);
    }

    /// @dev Sent twice it would count twice, and no certificate could be shown for the second.
    function test_Amend_RevertWhen_TheDigestIsThatOfTheNewestAmendment() public {
        (uint256[] memory tokens, bytes32[] memory digests) = (new uint256[](2), new bytes32[](2));
        (tokens[0], tokens[1], digests[0], digests[1]) = (_token, _token, DIGEST, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidAmendment.selector));
        vm.prank(studio);
        ledger.amend(tokens, digests);
    }

    function test_Amend_RevertWhen_ThereIsNothingToAmend() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidAmendment.selector));
        vm.prank(studio);
        ledger.amend(new uint256[](0), new bytes32[](0));
    }

    function test_Amend_RevertWhen_TheListsDiffer() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidAmendment.selector));
        vm.prank(studio);
        ledger.amend(new uint256[](1), new bytes32[](2));
    }

    function test_Amend_RevertWhen_ADigestIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidAmendment.selector));
        _amend(studio, _token, 0);
        _amend(studio, _token, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidAmendment.selector));
        _amend(studio, _token, 0);
    }

    function test_Amend_RevertWhen_TheTokenIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        _amend(studio, _token + 3, DIGEST);
    }

    function test_Amend_RevertWhen_TheTokenIsAnothers() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.NotTheStudio.selector, _token, other));
        _amend(other, _token, DIGEST);
    }

    function test_Amend_RevertWhen_TheCallerIsASteward() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.NotTheStudio.selector, _token, steward));
        _amend(steward, _token, DIGEST);
    }

    function test_Amend_RevertWhen_TheStudioIsSuspended() public {
        _suspend();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.StudioNotInGoodStanding.selector, studio));
        _amend(studio, _token, DIGEST);
    }

    function test_Amend_KeepsTheNewest() public {
        _amend(studio, _token, keccak256("first"));
        _later(50);
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.Amended(_token, DIGEST, 2);
        vm.expectEmit(true, true, true, true);
        emit MetadataUpdate(_token);
        _amend(studio, _token, DIGEST);
        _same(_record(_token).newest, DIGEST);
        _equal(_record(_token).amendedAt, START + 150);
        _equal(_record(_token).amendments, 2);
        _equal(_record(_token + 1).amendments, 0);
    }

    /// @dev Revoked is final and a steward's hold is the steward's, whatever the two do in whatever order.
    function testFuzz_StatusFollowsTheRules(uint8[12] calldata steps) public {
        IPieceLedger.Status current = IPieceLedger.Status.ACTIVE;
        bool held = false;
        for (uint256 i = 0; i < steps.length; ++i) {
            IPieceLedger.Status wanted = IPieceLedger.Status(steps[i] & 3);
            bool bySteward = steps[i] & 4 != 0;
            bool allowed =
                current != IPieceLedger.Status.REVOKED && (bySteward || !held || wanted == IPieceLedger.Status.REVOKED);
            vm.prank(bySteward ? steward : studio);
            try ledger.setStatus(_token, wanted) {
                _holds(allowed);
                current = wanted;
                held = bySteward && wanted == IPieceLedger.Status.ON_HOLD;
            } catch {
                _holds(!allowed);
            }
            _holds(_record(_token).status == current);
        }
    }
}
