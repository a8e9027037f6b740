// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IAccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";

import {IERC5192} from "../contracts/IERC5192.sol";
import {IERC7572} from "../contracts/IERC7572.sol";
import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {ISuccession} from "../contracts/ISuccession.sol";

/// @dev The few cheat codes that the tests need; Hardhat's runner answers at their usual address.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function prank(address sender) external;
    function warp(uint256 time) external;
    function chainId(uint256 id) external;
    function expectRevert(bytes calldata data) external;
    function expectEmit(bool, bool, bool, bool) external;
    function addr(uint256 secret) external returns (address);
    function sign(uint256 secret, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function assume(bool condition) external;
    function recordLogs() external;
    function getCode(string calldata artifact) external view returns (bytes memory creationCode);

    function roll(uint256 number) external;
    function getRecordedLogs() external returns (Log[] memory);
    function etch(address target, bytes calldata code) external;
    function signP256(uint256 secret, bytes32 digest) external pure returns (bytes32 r, bytes32 s);
    function publicKeyP256(uint256 secret) external pure returns (uint256 x, uint256 y);
}

/// @dev All that a ledger answers to; tests that import the contract itself have it compiled with them once more.
interface Ledger is
    IPieceLedger,
    IHandOver,
    ISuccession,
    IAccessControl,
    IAccessControlDefaultAdminRules,
    IERC721Metadata,
    IERC5192,
    IERC5267,
    IERC7572
{}

/// @dev A ledger at 2026 with its people, and the short hand in which the trees below are written.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint64 internal constant START = 1_800_000_000;
    uint256 internal constant STUDIO_SECRET = 0xA11CE;
    uint256 internal constant ORDER_OF_CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    bytes32 internal constant ANCHORER = keccak256("ANCHORER_ROLE");
    bytes32 internal constant STEWARD = keccak256("STEWARD_ROLE");
    uint64 internal constant OPEN = type(uint64).max;
    bytes32 internal constant ID = keccak256("deployment");
    bytes32 internal constant ROOT = keccak256("root");
    bytes32 internal constant DIGEST = keccak256("certificate");
    string internal constant DID = "did:web:registry.example:studios:a";

    address internal admin = address(0xAD);
    address internal steward = address(0x57E);
    address internal anchorer = address(0xA2C);
    address internal stranger = address(0x572);
    address internal other = address(0x07E);
    address internal studio;
    Ledger internal ledger;
    bytes internal multikey = abi.encodePacked(bytes2(0x8024), bytes1(0x02), keccak256("key"));
    bytes32 internal keyId;

    function setUp() public virtual {
        vm.warp(START);
        studio = vm.addr(STUDIO_SECRET);
        keyId = sha256(multikey);
        ledger = _deploy(ID, false, address(0));
    }

    /// @dev A ledger with the same people; one with an importer succeeds another of this chain.
    function _deploy(bytes32 id, bool transferable, address importer) internal returns (Ledger) {
        ISuccession.Deployment memory from;
        if (importer != address(0)) from = ISuccession.Deployment(address(ledger), uint64(block.chainid), 1_000);
        return _create(id, "https://registry.example/tokens/", transferable, importer, from);
    }

    /// @dev From the creation code that this run has compiled as it is shipped. `new PieceLedger` would have the compiler
    /// optimize the whole ledger again in each test contract. What the constructor reverts with goes on to the caller.
    function _create(
        bytes32 id,
        string memory base,
        bool transferable,
        address importer,
        ISuccession.Deployment memory from
    ) internal returns (Ledger made) {
        bytes memory code = abi.encodePacked(
            vm.getCode("PieceLedger.sol:PieceLedger"),
            abi.encode(admin, 3 days, steward, anchorer, id, base, transferable, importer, from)
        );
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
            if iszero(made) {
                let reason := mload(0x40)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
        }
    }

    function _later(uint64 step) internal {
        vm.warp(block.timestamp + step);
    }

    function _accredit(address account, string memory did) internal {
        vm.prank(steward);
        ledger.accredit(account, did, "Kiln", 1);
    }

    function _suspend() internal {
        vm.prank(steward);
        ledger.suspend(studio);
    }

    function _reinstate() internal {
        vm.prank(steward);
        ledger.reinstate(studio);
    }

    function _addKey() internal {
        vm.prank(steward);
        ledger.addKey(studio, multikey);
    }

    function _shorten(uint64 end) internal {
        vm.prank(steward);
        ledger.shortenKey(studio, keyId, end);
    }

    function _lot(address account, uint32 count) internal pure returns (IPieceLedger.Allotment[] memory lots) {
        lots = new IPieceLedger.Allotment[](1);
        lots[0] = IPieceLedger.Allotment(account, count);
    }

    function _lots(
        address first,
        uint32 firstCount,
        address second,
        uint32 secondCount
    ) internal pure returns (IPieceLedger.Allotment[] memory lots) {
        lots = new IPieceLedger.Allotment[](2);
        lots[0] = IPieceLedger.Allotment(first, firstCount);
        lots[1] = IPieceLedger.Allotment(second, secondCount);
    }

    function _anchor(uint32 count) internal returns (uint256 firstToken) {
        uint32 lot = uint32(ledger.nextLot());
        vm.prank(anchorer);
        ledger.anchor(keccak256(abi.encode(ROOT, lot)), count, lot, _lot(studio, count));
        return uint256(lot) << 32;
    }

    /// @dev An accredited studio with three pieces.
    function _pieces() internal returns (uint256 firstToken) {
        _accredit(studio, DID);
        return _anchor(3);
    }

    function _setStatus(address account, uint256 token, IPieceLedger.Status status) internal {
        vm.prank(account);
        ledger.setStatus(token, status);
    }

    function _record(uint256 token) internal view returns (IPieceLedger.Record memory) {
        return ledger.record(token, keyId);
    }

    /// @dev How many of the logs recorded tell `name`, written with its types.
    function _told(string memory name) internal returns (uint256 times) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == keccak256(bytes(name))) ++times;
        }
    }

    function _missingRole(address account, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("AccessControlUnauthorizedAccount(address,bytes32)", account, role);
    }

    function _equal(uint256 a, uint256 b) internal pure {
        require(a == b, "numbers differ");
    }

    function _equal(address a, address b) internal pure {
        require(a == b, "addresses differ");
    }

    function _same(bytes32 a, bytes32 b) internal pure {
        require(a == b, "words differ");
    }

    function _holds(bool condition) internal pure {
        require(condition, "does not hold");
    }
}
