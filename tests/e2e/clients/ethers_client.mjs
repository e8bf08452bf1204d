// A client that is not ours: ethers v6, told what to do by one JSON object on stdin; answers one on stdout.

import { readFileSync } from "node:fs";
import { Contract, HDNodeWallet, JsonRpcProvider, Mnemonic, TypedDataEncoder, Wallet } from "ethers";

const ERC721 = [
  "event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)",
  "function balanceOf(address owner) view returns (uint256)",
  "function ownerOf(uint256 tokenId) view returns (address)",
  "function getApproved(uint256 tokenId) view returns (address)",
  "function isApprovedForAll(address owner, address operator) view returns (bool)",
  "function transferFrom(address from, address to, uint256 tokenId)",
  "function safeTransferFrom(address from, address to, uint256 tokenId)",
  "function approve(address to, uint256 tokenId)",
  "function name() view returns (string)",
  "function symbol() view returns (string)",
  "function tokenURI(uint256 tokenId) view returns (string)",
  "function supportsInterface(bytes4 interfaceId) view returns (bool)",
  "function locked(uint256 tokenId) view returns (bool)",
  "function eip712Domain() view returns (bytes1, string, string, uint256, address, bytes32, uint256[])",
];

const actions = {
  /** Signs a message as eth_signTypedData_v4 takes it. */
  async sign({ typed, mnemonic, path, key }) {
    const wallet = mnemonic ? HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(mnemonic), path) : new Wallet(key);
    const { EIP712Domain, ...types } = typed.types;
    return {
      address: wallet.address,
      digest: TypedDataEncoder.hash(typed.domain, types, typed.message),
      signature: await wallet.signTypedData(typed.domain, types, typed.message),
    };
  },

  /** Reads a token as any reader of ERC-721 does. */
  async read({ url, address, id, interfaces, stranger }) {
    const token = new Contract(address, ERC721, new JsonRpcProvider(url));
    const owner = await token.ownerOf(id);
    const moved = await token.queryFilter(token.filters.Transfer(null, null, id));
    const refused = (call) => call.then(() => null, (error) => error.data);
    return {
      owner,
      balance: Number(await token.balanceOf(owner)),
      ofStranger: Number(await token.balanceOf(stranger)),
      approved: await token.getApproved(id),
      operator: await token.isApprovedForAll(owner, stranger),
      name: await token.name(),
      symbol: await token.symbol(),
      uri: await token.tokenURI(id),
      locked: await token.locked(id),
      domain: (await token.eip712Domain()).slice(0, 6).map(String),
      transfers: moved.map((event) => [event.args.from, event.args.to]),
      supports: await Promise.all(interfaces.map((one) => token.supportsInterface(one))),
      transfer: await refused(token.transferFrom.staticCall(owner, stranger, id, { from: owner })),
      safeTransfer: await refused(token.safeTransferFrom.staticCall(owner, stranger, id, { from: owner })),
      approval: await refused(token.approve.staticCall(stranger, id, { from: owner })),
      unknown: await refused(token.ownerOf(1)),
    };
  },
};

const asked = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await actions[asked.do](asked)), () => process.exit(0));
