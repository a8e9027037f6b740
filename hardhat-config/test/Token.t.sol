// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {PieceLedger} from "../contracts/PieceLedger.sol";
import {Base} from "./Base.sol";

// ERC-721, ERC-5192, ERC-165, roles
// ├── owners, names and URIs are there for tokens that exist, and revert for others
// ├── approvals and transfers revert, for everybody
// ├── every token is locked
// ├── the interfaces are told, and no others
// └── the admin's role passes on in two steps and after the delay only
contract TokenTest is Base {
    uint256 private _token;

    function setUp() public override {
        super.setUp();
        _token = _pieces();
    }

    function _nonexistent(uint256 token) private pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC721NonexistentToken(uint256)", token);
    }

    function test_OwnerOf_RevertWhen_BeyondTheLot() public {
        vm.expectRevert(_nonexistent(_token + 3));
        ledger.ownerOf(_token + 3);
    }

    function test_OwnerOf_RevertWhen_BeyondAllLots() public {
        vm.expectRevert(_nonexistent(uint256(2) << 32));
        ledger.ownerOf(uint256(2) << 32);
    }

    function test_OwnerOf_RevertWhen_LotIsZero() public {
        vm.expectRevert(_nonexistent(0));
        ledger.ownerOf(0);
    }

    function test_OwnerOf_RevertWhen_LotIsBeyond32Bits() public {
        uint256 token = ((uint256(1) << 32) + 1) << 32;
        vm.expectRevert(_nonexistent(token));
        ledger.ownerOf(token);
    }

    function test_OwnerOf_IsTheStudio() public view {
        _equal(ledger.ownerOf(_token + 2), studio);
    }

    function test_BalanceOf_RevertWhen_TheOwnerIsZero() public {
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidOwner(address)", address(0)));
        ledger.balanceOf(address(0));
    }

    function test_BalanceOf_CountsAllLots() public {
        _anchor(4);
        _equal(ledger.balanceOf(studio), 7);
        _equal(ledger.balanceOf(stranger), 0);
    }

    function test_TokenURI_RevertWhen_Unknown() public {
        vm.expectRevert(_nonexistent(_token + 3));
        ledger.tokenURI(_token + 3);
    }

    function test_TokenURI_IsBaseAndDecimalId() public view {
        _same(keccak256(bytes(ledger.tokenURI(_token))), keccak256("https://registry.example/tokens/4294967296"));
    }

    function test_ContractURI_IsJson() public view {
        string memory uri =
            'data:application/json;utf8,{"name":"Kilnmark","symbol":"KILN","description":'
            '"Records of handmade porcelain."}';
        _same(keccak256(bytes(ledger.contractURI())), keccak256(bytes(uri)));
    }

    function test_Record_RevertWhen_Unknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        ledger.record(_token + 3, keyId);
    }

    function test_Approve_RevertWhen_ByTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.approve(stranger, _token);
    }

    function test_SetApprovalForAll_RevertWhen_ByTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.setApprovalForAll(stranger, true);
    }

    function test_TransferFrom_RevertWhen_ByTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.transferFrom(studio, stranger, _token);
    }

    function test_SafeTransferFrom_RevertWhen_ByTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.safeTransferFrom(studio, stranger, _token);
    }

    function test_SafeTransferFromWithData_RevertWhen_ByTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.safeTransferFrom(studio, stranger, _token, "data");
    }

    function test_GetApproved_IsNobody() public view {
        _equal(ledger.getApproved(_token), address(0));
        _holds(!ledger.isApprovedForAll(studio, stranger));
    }

    function test_Locked_RevertWhen_Unknown() public {
        vm.expectRevert(_nonexistent(_token + 3));
        ledger.locked(_token + 3);
    }

    function test_Locked_IsTrue() public view {
        _holds(ledger.locked(_token));
    }

    function test_SupportsInterface_OfItsStandards() public view {
        bytes4[7] memory known = [
            bytes4(0x01ffc9a7),
            bytes4(0x80ac58cd),
            bytes4(0x5b5e139f),
            bytes4(0x49064906),
            bytes4(0xb45a3c0e),
            bytes4(0x7965db0b),
            bytes4(0xe8a3d485)
        ];
        for (uint256 i = 0; i < known.length; ++i) {
            _holds(ledger.supportsInterface(known[i]));
        }
        _holds(!ledger.supportsInterface(0xffffffff));
        _holds(!ledger.supportsInterface(0x2a55205a));
    }

    function test_Roles_AreThoseOfTheConstructor() public view {
        _equal(ledger.defaultAdmin(), admin);
        _equal(ledger.defaultAdminDelay(), 3 days);
        _holds(ledger.hasRole(STEWARD, steward) && !ledger.hasRole(STEWARD, admin));
        _holds(ledger.hasRole(ANCHORER, anchorer) && !ledger.hasRole(ANCHORER, steward));
        _same(ledger.deploymentId(), ID);
    }

    function test_Roles_RevertWhen_GrantedByASteward() public {
        vm.expectRevert(_missingRole(steward, 0));
        vm.prank(steward);
        ledger.grantRole(ANCHORER, stranger);
    }

    function test_Roles_AdminReplacesAnAnchorer() public {
        vm.prank(admin);
        ledger.revokeRole(ANCHORER, anchorer);
        vm.expectRevert(_missingRole(anchorer, ANCHORER));
        vm.prank(anchorer);
        ledger.anchor(ROOT, 1, 2, _lot(studio, 1));
    }

    function test_Roles_AdminPassesOnAfterTheDelayOnly() public {
        vm.prank(admin);
        ledger.beginDefaultAdminTransfer(stranger);
        _later(3 days);
        vm.expectRevert(
            abi.encodeWithSignature("AccessControlEnforcedDefaultAdminDelay(uint48)", uint48(block.timestamp))
        );
        vm.prank(stranger);
        ledger.acceptDefaultAdminTransfer();
        _later(1);
        vm.prank(stranger);
        ledger.acceptDefaultAdminTransfer();
        _equal(ledger.defaultAdmin(), stranger);
    }

    /// @dev A token exists exactly where some lot has it, and nothing makes an owner of nobody.
    function testFuzz_TokensExistInsideLotsOnly(uint256 token) public view {
        bool inside = token >> 32 == 1 && uint32(token) < 3;
        try ledger.ownerOf(token) returns (address owner) {
            _holds(inside && owner == studio);
        } catch {
            _holds(!inside);
        }
    }

    /// @dev With nothing stored for a token its lot would give it back to the studio: there is no way to burn one.
    function test_Burn_RevertWhen_TriedByItsUsualNames() public {
        bytes[2] memory calls = [
            abi.encodeWithSignature("burn(uint256)", _token),
            abi.encodeWithSignature("burn(address,uint256)", studio, _token)
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(studio);
            (bool done, bytes memory reason) = address(ledger).call(calls[i]);
            _holds(!done && reason.length == 0);
        }
        _equal(ledger.ownerOf(_token), studio);
    }
}
