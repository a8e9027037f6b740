// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Base, Vm} from "./Base.sol";

// anchor
// ├── when the caller is not the anchorer: it reverts
// ├── when the root is zero: it reverts
// ├── when the root was anchored: it reverts
// ├── when the first lot is another than expected: it reverts
// ├── when there are no lots: it reverts
// ├── when a lot is empty: it reverts
// ├── when the lots do not add up: it reverts
// ├── when a studio is unknown, no maker, or suspended: it reverts
// └── otherwise
//     ├── it emits Anchored and one Transfer for each token
//     ├── it counts anchors and lots
//     └── it records time, block, offsets, owners and balances
contract AnchorTest is Base {
    function setUp() public override {
        super.setUp();
        _accredit(studio, DID);
    }

    function _refused(
        bytes memory reason,
        bytes32 root,
        uint32 leaves,
        uint32 lot,
        IPieceLedger.Allotment[] memory lots
    ) private {
        vm.prank(anchorer);
        vm.expectRevert(reason);
        ledger.anchor(root, leaves, lot, lots);
    }

    function test_RevertWhen_CallerIsNotTheAnchorer() public {
        vm.prank(steward);
        vm.expectRevert(_missingRole(steward, ANCHORER));
        ledger.anchor(ROOT, 1, 1, _lot(studio, 1));
    }

    function test_RevertWhen_RootIsZero() public {
        _refused(abi.encodeWithSelector(IPieceLedger.ZeroRoot.selector), 0, 1, 1, _lot(studio, 1));
    }

    function test_RevertWhen_RootWasAnchored() public {
        vm.prank(anchorer);
        ledger.anchor(ROOT, 1, 1, _lot(studio, 1));
        _refused(
            abi.encodeWithSelector(IPieceLedger.RootAlreadyAnchored.selector, ROOT, 1),
            ROOT,
            1,
            2,
            _lot(studio, 1)
        );
    }

    function test_RevertWhen_FirstLotIsAnother() public {
        _refused(abi.encodeWithSelector(IPieceLedger.UnexpectedLot.selector, 2, 1), ROOT, 1, 2, _lot(studio, 1));
    }

    function test_RevertWhen_ThereAreNoLots() public {
        IPieceLedger.Allotment[] memory none = new IPieceLedger.Allotment[](0);
        _refused(abi.encodeWithSelector(IPieceLedger.LeafCountMismatch.selector, 0, 0), ROOT, 0, 1, none);
    }

    function test_RevertWhen_ALotIsEmpty() public {
        _refused(
            abi.encodeWithSelector(IPieceLedger.LeafCountMismatch.selector, 1, 1),
            ROOT,
            1,
            1,
            _lots(studio, 1, studio, 0)
        );
    }

    function test_RevertWhen_LotsAreFewerThanLeaves() public {
        _refused(abi.encodeWithSelector(IPieceLedger.LeafCountMismatch.selector, 3, 2), ROOT, 3, 1, _lot(studio, 2));
    }

    function test_RevertWhen_LotsAreMoreThanLeaves() public {
        _refused(abi.encodeWithSelector(IPieceLedger.LeafCountMismatch.selector, 1, 2), ROOT, 1, 1, _lot(studio, 2));
    }

    function test_RevertWhen_AStudioIsUnknown() public {
        _refused(
            abi.encodeWithSelector(IPieceLedger.StudioNotInGoodStanding.selector, other),
            ROOT,
            2,
            1,
            _lots(studio, 1, other, 1)
        );
    }

    function test_RevertWhen_AStudioIsNoMaker() public {
        vm.prank(steward);
        ledger.accredit(other, "did:b", "B", 2);
        _refused(
            abi.encodeWithSelector(IPieceLedger.StudioNotInGoodStanding.selector, other),
            ROOT,
            1,
            1,
            _lot(other, 1)
        );
    }

    function test_RevertWhen_AStudioIsSuspended() public {
        _suspend();
        _refused(
            abi.encodeWithSelector(IPieceLedger.StudioNotInGoodStanding.selector, studio),
            ROOT,
            1,
            1,
            _lot(studio, 1)
        );
    }

    function test_EmitsAnchoredAndATransferForEachToken() public {
        IPieceLedger.Allotment[] memory lots = _lots(studio, 2, studio, 1);
        vm.recordLogs();
        vm.prank(anchorer);
        ledger.anchor(ROOT, 3, 1, lots);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _equal(logs.length, 4);
        _same(logs[0].topics[0], keccak256("Anchored(uint256,bytes32,uint32,uint32,(address,uint32)[])"));
        _same(logs[0].topics[2], ROOT);
        _same(keccak256(logs[0].data), keccak256(abi.encode(uint32(3), uint32(1), lots)));
        uint256[3] memory tokens = [uint256(1) << 32, (uint256(1) << 32) + 1, uint256(2) << 32];
        for (uint256 i = 0; i < 3; ++i) {
            _same(logs[i + 1].topics[0], keccak256("Transfer(address,address,uint256)"));
            _same(logs[i + 1].topics[1], 0);
            _equal(address(uint160(uint256(logs[i + 1].topics[2]))), studio);
            _equal(uint256(logs[i + 1].topics[3]), tokens[i]);
        }
    }

    function test_CountsAnchorsAndLots() public {
        _equal(ledger.nextLot(), 1);
        _equal(ledger.anchorIdOf(ROOT), 0);
        vm.prank(anchorer);
        _equal(ledger.anchor(ROOT, 3, 1, _lots(studio, 2, studio, 1)), 1);
        vm.prank(anchorer);
        _equal(ledger.anchor(keccak256("next"), 1, 3, _lot(studio, 1)), 2);
        _equal(ledger.nextLot(), 4);
        _equal(ledger.anchorIdOf(ROOT), 1);
    }

    function test_RecordsTimeBlockOffsetsOwnersAndBalances() public {
        _accredit(other, "did:b");
        _later(100);
        vm.prank(anchorer);
        ledger.anchor(ROOT, 5, 1, _lots(studio, 3, other, 2));
        IPieceLedger.Record memory record = _record((uint256(2) << 32) + 1);
        _equal(record.studio, other);
        _equal(record.holder, other);
        _same(record.root, ROOT);
        _same(record.didHash, sha256("did:b"));
        _same(record.nameHash, sha256("Kiln"));
        _equal(record.anchorId, 1);
        _equal(record.leafCount, 5);
        _equal(record.leafIndex, 4);
        _equal(record.anchoredAt, START + 100);
        _equal(record.anchorBlock, block.number);
        _holds(record.standingAtAnchor && record.standingNow);
        _equal(ledger.balanceOf(studio), 3);
        _equal(ledger.balanceOf(other), 2);
        _equal(ledger.ownerOf((uint256(1) << 32) + 2), studio);
    }

    /// @dev Whatever is allotted, the balances are the tokens and the leaves follow each other.
    function testFuzz_LotsTileTheLeaves(uint8 first, uint8 second) public {
        vm.assume(first != 0 && second != 0);
        _accredit(other, "did:b");
        uint32 leaves = uint32(first) + second;
        vm.prank(anchorer);
        ledger.anchor(ROOT, leaves, 1, _lots(studio, first, other, second));
        _equal(ledger.balanceOf(studio) + ledger.balanceOf(other), leaves);
        _equal(_record((uint256(1) << 32) + first - 1).leafIndex, uint256(first) - 1);
        _equal(_record(uint256(2) << 32).leafIndex, first);
        _equal(_record((uint256(2) << 32) + second - 1).leafIndex, uint256(leaves) - 1);
    }
}
