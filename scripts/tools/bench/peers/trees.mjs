// node trees.mjs COUNT RUNS: builds a tree over COUNT leaf hashes of 32 bytes with each library, RUNS times, and
// prints {library: [seconds, …]}.
import { createHash } from "node:crypto";
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import createKeccak from "keccak"; // compiled code, the fastest that merkletreejs can be given
import { MerkleTree } from "merkletreejs";

const [count, runs] = process.argv.slice(2).map(Number);
const leaves = Array.from({ length: count }, (_, i) => createHash("sha256").update(String(i)).digest());
const keccak256 = (data) => createKeccak("keccak256").update(data).digest();

const libraries = {
  merkletreejs: () => new MerkleTree(leaves, keccak256).getRoot(),
  "@openzeppelin/merkle-tree": () => SimpleMerkleTree.of(leaves, { sortLeaves: false }).root,
};

const taken = {};
for (const [name, build] of Object.entries(libraries)) {
  taken[name] = Array.from({ length: runs }, () => {
    const start = process.hrtime.bigint();
    build();
    return Number(process.hrtime.bigint() - start) / 1e9;
  });
}
console.log(JSON.stringify(taken));
